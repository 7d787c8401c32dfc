// Two riders who go the same way share a ride: node examples/share-a-ride.ts http://localhost:8000

import { TripSync, unwrap } from "@tripsync/client";

const baseUrl = process.argv[2] ?? "http://localhost:8000";
const college_name = process.argv[3] ?? "DJSCE";

async function join(full_name: string): Promise<TripSync> {
  const rider = new TripSync({ baseUrl });
  const email = `${full_name.toLowerCase()}.${Date.now()}@djsce.example`;
  const account = { email, password: "four sparrows on a tram", full_name, college_name };
  await unwrap(rider.api.POST("/api/auth/register", { body: account }));
  await unwrap(rider.session.logIn({ email, password: account.password }));
  return rider;
}

function goToCampus({ api }: TripSync, start_latitude: number) {
  const start = { start_latitude, start_longitude: 72.8464 };
  const destination = { destination_latitude: 19.0222, destination_longitude: 72.8561 };
  return unwrap(api.POST("/api/pool/requests", { body: { ...start, ...destination } }));
}

const [asha, dev] = [await join("Asha"), await join("Dev")];
await goToCampus(asha, 19.1197);
const { matches } = await goToCampus(dev, 19.1177);
const match = matches.find(({ full_name }) => full_name === "Asha");
if (!match) throw new Error("Nobody goes the same way.");
console.log(`Dev finds ${match.full_name}: together they drive ${match.saving_percent} % less.`);

const asked = { target_request_id: match.request_id };
const { connection_id } = await unwrap(dev.api.POST("/api/pool/connections/send", { body: asked }));
await unwrap(
  asha.api.POST("/api/pool/connections/{connection_id}/respond", {
    params: { path: { connection_id } },
    body: { action: "approve" },
  }),
);

const { connection } = await unwrap(asha.api.GET("/api/pool/connections/active"));
console.log(`Asha rides with ${connection?.partner.full_name}, ${connection?.partner.email}.`);
