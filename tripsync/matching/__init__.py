"""Which rides are shared, and how: pure functions that know no request and no database."""
