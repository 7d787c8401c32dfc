// Follows a rider's events: node examples/follow-events.ts http://localhost:8000 EMAIL PASSWORD [SEQ]

import { SignedOutError, SocketClosedError, TripSync, unwrap } from "@tripsync/client";

const [baseUrl = "http://localhost:8000", email = "", password = "", after] = process.argv.slice(2);
const tripsync = new TripSync({ baseUrl });
await unwrap(tripsync.session.logIn({ email, password }));

const feed = tripsync.follow({ after: after === undefined ? undefined : Number(after) });
process.on("SIGINT", () => feed.close());
try {
  for await (const message of feed) {
    switch (message.type) {
      case "ready":
      case "reload_required":
        console.log(`Load what you show; after event ${message.seq} you miss nothing.`);
        break;
      case "match_found":
        console.log(`${message.match.full_name} goes the same way.`);
        break;
      case "connection_approved":
        console.log(`You ride with ${message.partner.full_name}.`);
        break;
      case "chat_message":
        console.log(`${message.sender_name}: ${message.content}`);
        break;
    }
  }
  console.log(`To go on later, say ${feed.seq}.`);
} catch (reason) {
  if (reason instanceof SignedOutError) console.log("Sign in again.");
  else if (reason instanceof SocketClosedError) console.log(reason.message);
  else throw reason;
}
