"""Events reach riders: they are written with the change that causes them, then sent."""
