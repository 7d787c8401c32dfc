"""A profile with everything in it."""

from typing import Any

import httpx

from tests.people import Rider

ME = "/api/profile/me"
NO_REVIEWS = {
    "average": None,
    "count": 0,
    "stars": {"1": 0, "2": 0, "3": 0, "4": 0, "5": 0},
    "recent": [],
}
EVERYTHING: dict[str, Any] = {
    "full_name": "Asha R. Rao",
    "phone_number": "+919820012345",
    "bio": "Third bench,\nwindow seat. \u0905\u0936\u093e",
    "year_of_study": "Third Year",
    "major": "Computer Engineering",
    "college_unit": "Hall 3",
    "gender": "woman",
    "preferences": {
        "same_gender": True,
        "quiet": False,
        "no_smoking": True,
        "luggage": False,
        "detour_percent": 15,
    },
    "social_media_links": {
        "instagram": "https://instagram.com/asha",
        "linkedin": "https://www.linkedin.com/in/asha",
        "github": "https://github.com/asha",
        "x": "https://x.com/asha",
        "twitter": "https://twitter.com/asha",
        "facebook": "https://facebook.com/asha",
        "youtube": "https://youtube.com/@asha",
        "website": "http://asha.example:8080/?page=1#top",
    },
    "emergency_contact": {
        "name": "Meera Rao",
        "phone_number": "+919820054321",
        "relationship": "mother",
    },
}


async def change(rider: Rider, **fields: Any) -> httpx.Response:
    return await rider.call("PUT", ME, json=fields)
