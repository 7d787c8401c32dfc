"""Filters are enforced by the database, requirements are checked when somebody applies. No
database here."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, get_args

from tripsync.http.fields import Gender
from tripsync.http.problems import FieldError
from tripsync.services.schemas import ServiceFilter, ServiceRequirement


@dataclass(frozen=True, slots=True)
class Offer:
    """What an applicant brings."""

    cover_letter: str | None
    # A link that was sent, or a résumé in the profile.
    has_resume: bool
    year_of_study: str | None


def mistakes_in_filters(filters: Iterable[ServiceFilter]) -> list[FieldError]:
    """Return what is wrong with filters: such as let in nobody by mistake, or everybody."""
    return [
        FieldError(f"filters.{place}.value", sentence)
        for place, each in enumerate(filters)
        if (sentence := mistake_in_filter(each))
    ]


def mistake_in_filter(given: ServiceFilter) -> str | None:
    match given.type, given.value:
        case "verified_only", None | True:
            return None
        case "verified_only", _:
            return "The filter 'verified_only' takes true, or nothing; leave it out otherwise."
        case "gender", value if value not in get_args(Gender):
            return f"The filter 'gender' takes {' or '.join(get_args(Gender))}."
        case _, str():
            return None
        case kind, _:
            return f"The filter '{kind}' needs a text as its value."


def mistakes_in_requirements(requirements: Iterable[ServiceRequirement]) -> list[FieldError]:
    return [
        FieldError(f"requirements.{place}.value", "A requirement of a year needs the year.")
        for place, each in enumerate(requirements)
        if each.kind == "year_of_study" and each.value is None
    ]


def kept_filter(given: ServiceFilter) -> dict[str, Any]:
    """Return a filter as it is stored: without a value it means true."""
    value = True if given.type == "verified_only" else given.value
    return {"type": given.type, "value": value}


def unmet(
    required: Mapping[str, bool], requirements: Iterable[Mapping[str, Any]], offer: Offer
) -> list[FieldError]:
    """Return the requirements that an applicant does not meet, each by its name."""
    asked: dict[str, list[Any]] = {kind: [] for kind, is_asked in required.items() if is_asked}
    for each in requirements:
        asked.setdefault(each["kind"], []).append(each["value"])
    missing = (lack(kind, values, offer) for kind, values in asked.items())
    return [each for each in missing if each is not None]


def lack(kind: str, values: list[Any], offer: Offer) -> FieldError | None:
    """Return what is missing where this is required; of several values any will do.

    A kind that has no case here cannot be checked, so that nobody meets it."""
    match kind:
        case "skill" | "other":
            # Whoever wrote the post judges these.
            return None
        case "resume" if offer.has_resume:
            return None
        case "resume":
            return FieldError(
                "resume_url", "Send a link to your résumé, or add one to your profile."
            )
        case "cover_letter" if offer.cover_letter is not None:
            return None
        case "cover_letter":
            return FieldError("cover_letter", "Send a cover letter.")
        case "year_of_study" if plain(offer.year_of_study) in map(plain, values):
            return None
        case "year_of_study":
            return FieldError(
                "year_of_study",
                f"This is for {' or '.join(values)}; your profile says "
                f"{offer.year_of_study or 'no year'}.",
            )
        case _:
            return FieldError(
                "requirements",
                "This post requires something that cannot be checked yet; "
                "ask its writer to take that requirement out.",
            )


def plain(text: str | None) -> str | None:
    return text and text.strip().lower()
