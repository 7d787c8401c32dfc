"""What accounts write to their owners."""

from tripsync.mail import Mail

VERIFY_HOURS = 48
RESET_HOURS = 1


def verify_email(to: str, code: str, app_url: str) -> Mail:
    return Mail(
        to,
        "Confirm your address",
        "Welcome to TripSync!\n\n"
        "To confirm that this address is yours, open\n\n"
        # Behind #, so that no server's log ever sees the code.
        f"    {app_url}/verify-email#{code}\n\n"
        f"or type this code in the app: {code}\n\n"
        f"It works for {VERIFY_HOURS} hours. If you did not sign up, ignore this mail.\n",
    )


def reset_password(to: str, code: str, app_url: str) -> Mail:
    return Mail(
        to,
        "A new password",
        "Somebody, hopefully you, forgot the password of your TripSync account.\n\n"
        "To choose a new one, open\n\n"
        f"    {app_url}/reset-password#{code}\n\n"
        f"or type this code in the app: {code}\n\n"
        f"It works for {RESET_HOURS} hour. If it was not you, ignore this mail; nothing changed.\n",
    )
