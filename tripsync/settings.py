"""Every setting: its name as an environment variable, type, default and meaning.

A variable that is wrong stops the start, together with all others that are wrong,
each by its name. Nothing else in the package reads the environment.
"""

import json
import os
import re
import secrets
from collections.abc import Iterator, Mapping
from contextlib import suppress
from pathlib import Path
from tempfile import NamedTemporaryFile
from typing import Annotated, Any, Literal, get_args, get_origin
from urllib.parse import urlsplit

import msgspec
from msgspec import Meta, field

# Keys that stand in tutorials and templates. Whoever knows one can sign tokens for anybody.
KNOWN_SECRETS = frozenset(
    {
        "your-secret-key-here-change-in-production",
        "09d25e094faa6ca2556c818166b7a9563b93f7099f6f0f4caa6cf63b88e8d3e7",
        "super-secret-key-that-is-at-least-32-characters",
        "change-me-change-me-change-me-change-me",
        "0123456789abcdef0123456789abcdef",
    }
)
SHORTEST_SECRET = 32
MASK = "********"
# An address: whose, where, and what of it.
PLACE = re.compile(
    r"(?P<scheme>[a-z]+)://(?:(?P<user>[^\s/?#@:]*)(?P<password>:[^\s/?#@]*)?@)?(?P<host>[^\s/?#@]*)"
    r"(?P<path>/[^\s?#]*|)(?:\?(?P<query>\S*))?"
)
# What an address of a database may say openly behind its question mark.
SHOWN = {"host", "port", "user", "dbname", "sslmode", "connect_timeout", "application_name"}
SECRET = {"secret": True}
ORIGIN = re.compile(r"https?://[A-Za-z0-9.\-\[\]:]+")
ADDRESS = re.compile(r"https?://[^\s/]+(/\S*)?")
# A path before OSRM's own is fine; a query or a fragment could not be kept.
ROUTING_URL = re.compile(
    r"https?://([^\s/?#@]+@)?([\w.\-]+|\[[0-9A-Fa-f:.]+\])(:\d{1,5})?(/[^\s?#]*)?", re.ASCII
)
SMTP_URL = re.compile(
    r"smtps?://([^\s/?#@:]+:[^\s/?#@]+@)?([\w.\-]+|\[[0-9A-Fa-f:.]+\])(:\d{1,5})?/?", re.ASCII
)
# A name, or none, and an address.
SENDER = re.compile(r"([^<>@\r\n]*<)?[^<>@\s]+@[A-Za-z0-9.\-]+>?")
WEBHOOK_URL = re.compile(
    r"https?://([^\s/?#@]+@)?([\w.\-]+|\[[0-9A-Fa-f:.]+\])(:\d{1,5})?(/[^\s#]*)?", re.ASCII
)


class SettingsError(Exception):
    """The environment cannot be served from; `problems` says why, a line a variable."""

    def __init__(self, problems: list[str]) -> None:
        super().__init__("\n".join(problems))
        self.problems = problems


def default_data_dir() -> Path:
    # As root the embedded PostgreSQL runs as a user of its own, who cannot enter a private home.
    return Path("/var/lib/tripsync") if os.geteuid() == 0 else Path("var")


class Settings(msgspec.Struct, frozen=True, kw_only=True, rename="upper"):
    """What one TripSync installation can choose. Field names in upper case are the variables."""

    environment: Annotated[
        Literal["development", "production"],
        Meta(description="production demands secrets and writes JSON logs"),
    ] = "development"
    data_dir: Annotated[
        Path,
        Meta(
            description="database (when embedded), files, mails and development secret lie here; "
            "as root /var/lib/tripsync where nothing else is said"
        ),
    ] = field(name="TRIPSYNC_DATA_DIR", default_factory=default_data_dir)
    database_url: Annotated[
        str,
        Meta(description="PostgreSQL 15 or later; empty: an embedded one starts by itself"),
        Meta(extra=SECRET),
    ] = ""
    database_owner_url: Annotated[
        str,
        Meta(
            description="login that may change the schema, for `tripsync migrate`; "
            "empty: DATABASE_URL"
        ),
        Meta(extra=SECRET),
    ] = ""
    secret_key: Annotated[
        str,
        Meta(description="signs access tokens; 32 bytes or more; made by itself in development"),
        Meta(extra=SECRET),
    ] = ""
    retired_secret_keys: Annotated[
        tuple[str, ...],
        Meta(description="earlier keys, comma-separated: still accepted, never signed with"),
        Meta(extra=SECRET),
    ] = ()
    backend_cors_origins: Annotated[
        tuple[str, ...],
        Meta(description="web origins that may call with credentials; commas or a JSON array"),
    ] = ("http://localhost:5173", "http://localhost:3000")
    app_url: Annotated[
        str, Meta(description="where the frontend lives; links in mails lead there")
    ] = "http://localhost:5173"
    api_url: Annotated[
        str,
        Meta(
            description="where this API is reached from outside; pictures and links in mails "
            "lead there; empty: http://localhost and PORT"
        ),
    ] = ""
    smtp_url: Annotated[
        str,
        Meta(
            description="mail server, smtp:// or smtps://, with user:password@ if it wants them; "
            "empty: mails lie in the data folder"
        ),
        Meta(extra=SECRET),
    ] = ""
    smtp_timeout_seconds: Annotated[
        int, Meta(description="longest one answer of the mail server may take", ge=1, le=60)
    ] = 20
    mail_from: Annotated[str, Meta(description="sender of mails")] = (
        "TripSync <no-reply@tripsync.invalid>"
    )
    host: Annotated[str, Meta(description="address to listen on; 0.0.0.0 for every one")] = (
        "127.0.0.1"
    )
    port: Annotated[int, Meta(description="port to listen on", ge=0, le=65535)] = 8000
    workers: Annotated[int, Meta(description="server processes", ge=1, le=64)] = 1
    jobs: Annotated[
        Literal["on", "off"],
        Meta(description="mails, timers and other work inside the server; off: `tripsync worker`"),
    ] = "on"
    metrics_port: Annotated[
        int,
        Meta(
            description="port for Prometheus; further workers have the next ones; 0: none",
            ge=0,
            le=65535,
        ),
    ] = 0
    metrics_host: Annotated[
        str, Meta(description="address of it; others may read it there, without a token")
    ] = "127.0.0.1"
    proxies: Annotated[
        int,
        Meta(description="trusted proxies in front; 0 ignores X-Forwarded headers", ge=0, le=10),
    ] = 0
    connections_per_address: Annotated[
        int,
        Meta(
            description="connections of one address to a process, where PROXIES is 0; a campus "
            "behind one address needs one for each phone",
            ge=1,
            le=100_000,
        ),
    ] = 2000
    rate_limits: Annotated[
        Literal["on", "off"], Meta(description="limits on sign-in and account calls")
    ] = "on"
    bcrypt_rounds: Annotated[
        int, Meta(description="cost of a password hash, as a power of two", ge=4, le=16)
    ] = 12
    access_token_minutes: Annotated[
        int, Meta(description="life of an access token", ge=1, le=1440)
    ] = 30
    refresh_token_days: Annotated[
        int, Meta(description="life of an unused refresh token", ge=1, le=365)
    ] = 30
    database_pool_min: Annotated[
        int, Meta(description="connections a process keeps open", ge=1, le=100)
    ] = 5
    database_pool_max: Annotated[
        int, Meta(description="connections a process opens at most", ge=2, le=200)
    ] = 15
    row_security: Annotated[
        Literal["on", "off"],
        Meta(description="a second wall between colleges, inside PostgreSQL; costs time"),
    ] = "off"
    statement_timeout_ms: Annotated[
        int, Meta(description="longest a query may run", ge=100, le=600_000)
    ] = 5000
    slow_query_ms: Annotated[
        int, Meta(description="queries that take longer are logged by name", ge=1, le=600_000)
    ] = 500
    request_max_bytes: Annotated[
        int, Meta(description="largest request body, files apart", ge=1024, le=100_000_000)
    ] = 1_000_000
    request_timeout_seconds: Annotated[
        int,
        Meta(description="longest a request may take to arrive or to be answered", ge=1, le=300),
    ] = 20
    routing_url: Annotated[
        str,
        Meta(description="routing server with OSRM's API; empty: distances are estimated"),
        Meta(extra=SECRET),
    ] = ""
    routing_timeout_ms: Annotated[
        int, Meta(description="longest the routing server may take", ge=50, le=10_000)
    ] = 2000
    routing_connect_timeout_ms: Annotated[
        int, Meta(description="longest connecting to it may take", ge=50, le=10_000)
    ] = 500
    push_webhook_url: Annotated[
        str,
        Meta(description="where pushes to phones are posted; empty: phones are not woken"),
        Meta(extra=SECRET),
    ] = ""
    push_webhook_secret: Annotated[
        str, Meta(description="signs them; 32 bytes or more"), Meta(extra=SECRET)
    ] = ""
    s3_bucket: Annotated[
        str,
        Meta(description="bucket for pictures and résumés; empty: they lie in the data folder"),
    ] = ""
    s3_endpoint: Annotated[
        str, Meta(description="address of the S3-compatible service; empty: Amazon's own")
    ] = ""
    s3_region: Annotated[str, Meta(description="region of the bucket")] = "us-east-1"
    s3_access_key: Annotated[
        str, Meta(description="who we are to the service"), Meta(extra=SECRET)
    ] = ""
    s3_secret_key: Annotated[str, Meta(description="proof that we are"), Meta(extra=SECRET)] = ""
    sockets_per_rider: Annotated[
        int, Meta(description="devices of one rider on a worker; the oldest goes", ge=1, le=100_000)
    ] = 10
    sockets_per_worker: Annotated[
        int, Meta(description="sockets a process takes before it says 503", ge=1, le=1_000_000)
    ] = 10_000
    chat_open_to: Annotated[
        Literal["partners", "college"],
        Meta(description="who may begin a chat: those who share a ride, or the whole college"),
    ] = "partners"
    unverified_riders: Annotated[
        Literal["", "allowed", "refused"],
        Meta(
            description="whether riders may ride and apply before they confirm their address; "
            "empty: allowed in development, refused in production"
        ),
    ] = ""
    drain_seconds: Annotated[
        int,
        Meta(description="how long readiness fails before a stop closes the port", ge=0, le=300),
    ] = 0
    grace_seconds: Annotated[
        int, Meta(description="how long a stop waits for requests in flight", ge=0, le=300)
    ] = 15

    def __post_init__(self) -> None:
        if not self.api_url:
            # Port 0 is any that is free, and not known before it is opened.
            msgspec.structs.force_setattr(self, "api_url", f"http://localhost:{self.port or 8000}")

    @property
    def in_development(self) -> bool:
        return self.environment == "development"

    @property
    def unverified_may_ride(self) -> bool:
        by_default = "allowed" if self.in_development else "refused"
        return (self.unverified_riders or by_default) == "allowed"

    @property
    def embeds_database(self) -> bool:
        return not self.database_url

    @property
    def owner_url(self) -> str:
        """For what changes the schema, or fills it."""
        return self.database_owner_url or self.database_url

    @property
    def ports_for_metrics(self) -> range:
        """One for each worker."""
        return range(
            self.metrics_port, self.metrics_port + self.workers if self.metrics_port else 0
        )

    @classmethod
    def from_environment(cls, environment: Mapping[str, str]) -> "Settings":
        """The settings this environment asks for, or every reason why not, at once."""
        chosen: dict[str, Any] = {}
        problems: list[str] = []
        for variable in variables():
            raw = environment.get(variable.name, "").strip()
            if not raw:
                continue
            try:
                chosen[variable.attribute] = variable.read(raw)
            except ValueError as reason:
                problems.append(f"{variable.name}: {reason}")
        settings = cls(**chosen)
        problems.extend(contradictions(settings))
        if problems:
            raise SettingsError(problems)
        return settings


class Variable(msgspec.Struct, frozen=True):
    """One environment variable, as `tripsync settings` and docs/reference describe it."""

    name: str
    attribute: str
    type: Any
    meaning: str
    default: str
    secret: bool

    def read(self, raw: str) -> Any:
        kind, *notes = get_args(self.type)
        if get_origin(kind) is tuple:
            return listed(raw)
        try:
            return msgspec.convert(
                raw, self.type, strict=False, dec_hook=lambda kind, text: kind(text)
            )
        except msgspec.ValidationError:
            # Says what was expected, never what was given: that may be a secret.
            if get_origin(kind) is Literal:
                choices = ", ".join(filter(None, get_args(kind)))
                raise ValueError(f"must be one of {choices}") from None
            bounds = notes[0]
            raise ValueError(f"must be a whole number from {bounds.ge} to {bounds.le}") from None

    def show(self, settings: Settings) -> str:
        value = getattr(settings, self.attribute)
        if self.secret:
            return masked(str(value)) if value else ""
        return ",".join(value) if isinstance(value, tuple) else str(value)


def masked(secret: str) -> str:
    """A secret, of which only the place stays that an address names."""
    place = PLACE.fullmatch(secret)
    if place is None:
        return MASK
    user = f"{place['user']}{':' + MASK if place['password'] else ''}@" if place["user"] else ""
    # A path may be what keeps others out, but it never does so of a database.
    is_database = place["scheme"].startswith("postgres")
    path = place["path"] if is_database else MASK if place["path"].strip("/") else ""
    asked = [each for each in (place["query"] or "").split("&") if each]
    query = "&".join(each if each.partition("=")[0] in SHOWN else MASK for each in asked)
    return f"{place['scheme']}://{user}{place['host']}{path}{'?' + query if query else ''}"


def variables() -> Iterator[Variable]:
    """Every variable, in the order in which a reader should meet them."""
    for each in msgspec.structs.fields(Settings):
        notes = [note for note in get_args(each.type) if isinstance(note, Meta)]
        default = each.default
        if each.default_factory is not msgspec.NODEFAULT:
            default = "var"
        yield Variable(
            name=each.encode_name,
            attribute=each.name,
            type=each.type,
            meaning=next(note.description for note in notes if note.description),
            default=",".join(default) if isinstance(default, tuple) else str(default),
            secret=any(note.extra == SECRET for note in notes),
        )


def listed(raw: str) -> tuple[str, ...]:
    """`a,b` or `["a", "b"]`: both are seen in the wild."""
    if raw.startswith("["):
        try:
            items = json.loads(raw)
        except json.JSONDecodeError:
            raise ValueError("is neither a comma-separated list nor a JSON array") from None
    else:
        items = raw.split(",")
    return tuple(str(item).strip() for item in items if str(item).strip())


def contradictions(settings: Settings) -> Iterator[str]:
    """What no variable says alone."""
    if settings.database_url and not is_database_url(settings.database_url):
        yield "DATABASE_URL: write postgresql://user:password@host:port/database"
    if settings.database_owner_url and not settings.database_url:
        yield "DATABASE_URL: is missing, while DATABASE_OWNER_URL is there"
    if settings.database_owner_url and not is_database_url(settings.database_owner_url):
        yield "DATABASE_OWNER_URL: write postgresql://user:password@host:port/database"
    for origin in settings.backend_cors_origins:
        if not ORIGIN.fullmatch(origin):
            yield (
                f"BACKEND_CORS_ORIGINS: {origin!r} is not an origin; "
                "write scheme and host, such as https://rides.example.edu"
            )
    if settings.routing_url:
        yield from contradictions_of_routing(settings)
    if settings.s3_bucket and not (settings.s3_access_key and settings.s3_secret_key):
        yield "S3_BUCKET: needs S3_ACCESS_KEY and S3_SECRET_KEY"
    if not settings.s3_bucket and (settings.s3_endpoint or settings.s3_access_key):
        yield "S3_BUCKET: is missing, while other settings of the object storage are there"
    if settings.s3_endpoint and not ORIGIN.fullmatch(settings.s3_endpoint):
        yield "S3_ENDPOINT: write scheme and host, such as https://s3.example.edu"
    if not ADDRESS.fullmatch(settings.app_url):
        yield "APP_URL: write the frontend's address, such as https://rides.example.edu"
    if not ADDRESS.fullmatch(settings.api_url) or settings.api_url.endswith("/"):
        yield "API_URL: write this server's address, such as https://api.rides.example.edu"
    yield from contradictions_of_mail(settings)
    if settings.database_pool_min > settings.database_pool_max:
        yield "DATABASE_POOL_MIN: is larger than DATABASE_POOL_MAX"
    yield from contradictions_of_metrics(settings)
    if settings.push_webhook_url and not WEBHOOK_URL.fullmatch(settings.push_webhook_url):
        yield "PUSH_WEBHOOK_URL: write a whole address, such as https://push.example.edu/tripsync"
    if settings.push_webhook_url and len(settings.push_webhook_secret.encode()) < SHORTEST_SECRET:
        yield f"PUSH_WEBHOOK_SECRET: is shorter than {SHORTEST_SECRET} bytes, or missing"
    if settings.in_development:
        return
    if not settings.secret_key:
        yield "SECRET_KEY: is required in production; make one with `openssl rand -base64 48`"
    for name, keys in (
        ("SECRET_KEY", (settings.secret_key,)),
        ("RETIRED_SECRET_KEYS", settings.retired_secret_keys),
    ):
        for key in filter(None, keys):
            if len(key.encode()) < SHORTEST_SECRET:
                yield f"{name}: is shorter than {SHORTEST_SECRET} bytes"
            elif key in KNOWN_SECRETS or len(set(key)) < 8:
                yield f"{name}: is a known example; make one with `openssl rand -base64 48`"


def warnings(settings: Settings) -> Iterator[str]:
    """What can be meant, and seldom is."""
    if not settings.in_development and not settings.smtp_url:
        yield (
            f"SMTP_URL is empty: mails are put into {settings.data_dir / 'mail'} and never leave, "
            "so nobody can confirm an address or choose a new password"
        )


def contradictions_of_mail(settings: Settings) -> Iterator[str]:
    if settings.smtp_url and not SMTP_URL.fullmatch(settings.smtp_url):
        yield "SMTP_URL: write smtp://user:password@host:587, or smtps:// for TLS from the start"
    if not SENDER.fullmatch(settings.mail_from):
        yield "MAIL_FROM: write Rides <rides@example.edu>"
    elif settings.smtp_url and settings.mail_from.rstrip(">").endswith(".invalid"):
        yield "MAIL_FROM: is required with SMTP_URL; write Rides <rides@example.edu>"
    if settings.smtp_url and not settings.in_development and "//localhost" in settings.api_url:
        yield "API_URL: is required with SMTP_URL; links in mails lead there"


def contradictions_of_routing(settings: Settings) -> Iterator[str]:
    if not ROUTING_URL.fullmatch(settings.routing_url):
        yield "ROUTING_URL: write scheme, host and port, such as http://osrm:5000"
    if settings.routing_timeout_ms >= settings.request_timeout_seconds * 1000:
        yield "ROUTING_TIMEOUT_MS: is not shorter than REQUEST_TIMEOUT_SECONDS"


def contradictions_of_metrics(settings: Settings) -> Iterator[str]:
    taken = settings.ports_for_metrics
    if taken and taken[-1] > 65535:
        yield "METRICS_PORT: there are no ports left above it for all WORKERS"
    if settings.port in taken:
        yield "METRICS_PORT: PORT is among those that WORKERS have for metrics; leave room"


def is_database_url(text: str) -> bool:
    try:
        parts = urlsplit(text)
        return parts.scheme in ("postgresql", "postgres") and parts.port != 0
    except ValueError:
        return False


def with_development_secret(settings: Settings) -> Settings:
    """In development a missing secret is made once and kept, so that tokens outlive a restart."""
    if settings.secret_key or not settings.in_development:
        return settings
    kept = settings.data_dir / "secret_key"
    kept.parent.mkdir(parents=True, exist_ok=True)
    if not kept.exists():
        # Written aside and linked into place: whoever starts at the same moment reads a whole key.
        with NamedTemporaryFile("w", dir=kept.parent) as fresh:
            fresh.write(secrets.token_urlsafe(48))
            fresh.flush()
            with suppress(FileExistsError):
                os.link(fresh.name, kept)
    return msgspec.structs.replace(settings, secret_key=kept.read_text().strip())
