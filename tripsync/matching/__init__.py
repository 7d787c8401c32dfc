"""Matching decides which rides are shared; pure functions that know no database."""
