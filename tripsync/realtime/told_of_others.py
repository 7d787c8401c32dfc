"""Events without how to reach others, who told it to one rider for one ride."""

from typing import Any

OF_OTHERS = frozenset({"email", "phone_number", "bio", "year_of_study", "profile_image_url"})


def without_others(told: Any) -> Any:
    """What a phone was told, for where more eyes than its rider's may see it."""
    match told:
        case dict():
            return {
                name: without_others(each) for name, each in told.items() if name not in OF_OTHERS
            }
        case list():
            return [without_others(each) for each in told]
        case _:
            return told
