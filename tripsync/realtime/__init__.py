"""How an event reaches a rider: written with the change that causes it, then sent."""
