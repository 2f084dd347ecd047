"""Rooms: a furniture kit, furnished places, and what is seen in them."""
