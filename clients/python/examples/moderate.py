"""A moderator works off what was reported: python moderate.py URL EMAIL PASSWORD"""

import asyncio
import sys

from tripsync_client import RefusedError, Session, expect
from tripsync_client.generated.api.moderation import list_reports, resolve_report
from tripsync_client.generated.models import ModerationAct, ReportPage, ReportResolution


async def main(url: str, email: str, password: str) -> None:
    async with await Session.log_in(url, email, password) as moderator:
        page = expect(ReportPage, await list_reports.asyncio(client=moderator.client))
        for report in page.items:
            print(report.id, report.reason, "about", report.subject.full_name)
            decision = ReportResolution(outcome="warned", note="Please be kind to each other.")
            try:
                act = expect(
                    ModerationAct,
                    await resolve_report.asyncio(report.id, client=moderator.client, body=decision),
                )
            except RefusedError as refused:
                # Another moderator was quicker, for example.
                print(refused.code, refused)
            else:
                print(report.id, act.outcome)


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:]))
