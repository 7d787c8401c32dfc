"""Mail: asked for in a transaction, written when it is sent.

A feature declares its letters, and asks for one where something happens:

    letters = (Letter("ride_matched", find_matched, kind="matches"),)

    await post(db, RIDE_MATCHED, college_id=..., user_id=...)

What is asked for are ids. To whom it goes and what it says is found when it is sent: never to an
address that was changed meanwhile, and to nobody who has left.
"""

from tripsync.mail.letters import Letter, post, post_all

__all__ = ["Letter", "post", "post_all"]
