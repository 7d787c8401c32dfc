"""Work outside requests: asked for in a transaction, done by whichever worker is free.

A kind of job is declared by a feature:

    jobs = (Job("send_mail", WantedMail, send),)

and asked for where something happens, in the transaction in which it happens:

    await enqueue(db, "send_mail", WantedMail(...))

A rolled-back transaction leaves no job, and a committed one always does.
"""

from tripsync.jobs.job import Hopeless, Job, Run, Setback, enqueue

__all__ = ["Hopeless", "Job", "Run", "Setback", "enqueue"]
