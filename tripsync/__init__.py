"""TripSync: students of a college share rides, and learn of everything at once."""

__version__ = "0.1.0"
