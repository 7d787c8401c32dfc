// A moderator reads reports and warns: node examples/moderate.ts http://localhost:8000 EMAIL PASSWORD

import { ProblemError, type ReportPage, TripSync, unwrap } from "@tripsync/client";

const [baseUrl = "http://localhost:8000", email = "", password = ""] = process.argv.slice(2);
const { api, session } = new TripSync({ baseUrl });
await unwrap(session.logIn({ email, password }));

/** Whether it was still open. */
async function settle(report_id: number, outcome: "dismissed" | "warned", note: string) {
  const { error } = await api.POST("/api/moderation/reports/{report_id}/resolve", {
    params: { path: { report_id } },
    body: { outcome, note },
  });
  if (error?.code === "resolved_already") return false;
  if (error) throw new ProblemError(error);
  return true;
}

let query: { status: "open"; cursor?: string } = { status: "open" };
for (;;) {
  const page: ReportPage = await unwrap(api.GET("/api/moderation/reports", { params: { query } }));
  for (const { id, reason, subject, reporter, details } of page.items) {
    const note = "Be kind to those who ride with you.";
    const warns = reason === "harassment" || reason === "offensive_content";
    if (warns) {
      const params = { path: { user_id: subject.id } };
      await unwrap(api.POST("/api/moderation/users/{user_id}/warn", { params, body: { note } }));
    }
    const settled = await settle(id, warns ? "warned" : "dismissed", note);
    const outcome = !settled ? "settled by somebody else" : warns ? "warned" : "dismissed";
    console.log(`${reporter.full_name} on ${subject.full_name}: "${details}" ${outcome}`);
  }
  if (page.next_cursor === null) break;
  query = { ...query, cursor: page.next_cursor };
}
