"""The ledger's tables (SQLAlchemy Core). Times are UTC text in ISO form, ids are text."""

from __future__ import annotations

from sqlalchemy import (
    Boolean,
    Column,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    String,
    Table,
    Text,
    UniqueConstraint,
    false,
    text,
    true,
)

metadata = MetaData()

workbooks = Table(
    "workbooks",
    metadata,
    Column("hash", String(64), primary_key=True),
    Column("name", Text, nullable=False),
    Column("size", Integer, nullable=False),
    Column("first_seen_at", String(32), nullable=False),
)

submissions = Table(
    "submissions",
    metadata,
    Column("submission_id", String(36), primary_key=True),
    Column("workbook_hash", ForeignKey("workbooks.hash"), nullable=False),
    Column("name", Text, nullable=False),
    Column("account", Text, nullable=False),
    Column("environment", String(16), nullable=False),
    Column("started_at", String(32), nullable=False),
    Column("finished_at", String(32)),
    Column("layout", Text, nullable=False),
    Column("notes", Text, nullable=False),
    Column("output", Text, nullable=False, default=""),
    Column("output_hash", String(64), nullable=False, default=""),
    Column("came_from", String(36), nullable=False, server_default=""),
    Index("submissions_by_account", "account", "environment"),
    Index("submissions_by_output", "output"),
)

outputs = Table(
    "outputs",
    metadata,
    Column("position", Integer, primary_key=True, autoincrement=True),
    Column("submission_id", ForeignKey("submissions.submission_id"), nullable=False),
    Column("path", Text, nullable=False, index=True),
    Column("hash", String(64), nullable=False),
    Column("at", String(32), nullable=False),
)
"""Every file with answers that was about to take its name."""

sheet_faults = Table(
    "sheet_faults",
    metadata,
    Column("submission_id", ForeignKey("submissions.submission_id"), primary_key=True),
    Column("position", Integer, primary_key=True),
    Column("sheet", Text, nullable=False),
    Column("row", Integer, nullable=False),
    Column("column", Text, nullable=False),
    Column("title", Text, nullable=False),
    Column("cell", Text, nullable=False),
    Column("value", Text, nullable=False),
    Column("code", Text, nullable=False),
    Column("message", Text, nullable=False),
    Column("hint", Text, nullable=False),
    Column("severity", String(8), nullable=False),
)

entries = Table(
    "entries",
    metadata,
    Column("submission_id", ForeignKey("submissions.submission_id"), primary_key=True),
    Column("position", Integer, primary_key=True),
    Column("reference", Text, nullable=False),
    Column("customer_id", Text, nullable=False),
    Column("order_type", Text, nullable=False),
    Column("lines", Text, nullable=False),
    Column("decision", String(16), nullable=False),
    Column("intent_id", ForeignKey("intents.intent_id")),
    Column("code", Text, nullable=False),
    Column("what_happened", Text, nullable=False),
    Column("what_to_do", Text, nullable=False),
    Column("request", Text, nullable=False),
    Column("answer", Text, nullable=False),
    Column("refused", Boolean, nullable=False),
    Column("answered_at", String(32)),
    Column("body_key", String(64), nullable=False, server_default=""),
    Index("entries_by_intent", "intent_id"),
)

intents = Table(
    "intents",
    metadata,
    Column("intent_id", String(36), primary_key=True),
    Column("account", Text, nullable=False),
    Column("environment", String(16), nullable=False),
    Column("key_fingerprint", String(16), nullable=False),
    Column("customer_id", Text, nullable=False),
    Column("order_type", Text, nullable=False),
    Column("reference", Text, nullable=False),
    Column("body", LargeBinary, nullable=False),
    Column("body_key", String(64), nullable=False),
    Column("correlation_id", String(36), nullable=False, unique=True),
    Column("written_at", String(32), nullable=False),
    Column("workbook_hash", String(64), nullable=False),
    Column("reassign_users", Boolean, nullable=False),
    Column("state", String(16), nullable=False),
    Column("sends", Integer, nullable=False),
    Column("first_sent_at", String(32)),
    Column("last_sent_at", String(32)),
    Column("order_id", Text),
    Column("error_code", Text, nullable=False),
    Column("error_message", Text, nullable=False),
    Column("error_details", Text, nullable=False),
    Column("answered_at", String(32)),
    Column("lease_owner", String(36), nullable=False),
    Column("lease_until", String(32), nullable=False),
    # SQLite does not look at lengths, and changing the type there would copy the table.
    Column("doubt", Text().with_variant(String(32), "sqlite"), nullable=False, server_default=""),
    Column("looks", Integer, nullable=False, server_default="0"),
    Column("looked_at", String(32)),
    Column("replaces", String(36)),
    Column("under_repeat", Boolean, nullable=False, server_default=false()),
    # False only when nothing of it can change any more: refused, retired, or its order has ended.
    # What is finished costs a look at what is not nothing, however many years there are.
    Column("is_open", Boolean, nullable=False, server_default=true()),
    UniqueConstraint("environment", "order_id", name="one_intent_per_order_id"),
    Index("intents_by_body_key", "account", "environment", "body_key"),
    Index("intents_by_reference", "account", "environment", "reference"),
    Index("intents_by_customer", "environment", "customer_id"),
    Index(
        "intents_open",
        "account",
        "environment",
        sqlite_where=text("is_open"),
        postgresql_where=text("is_open"),
    ),
    Index(
        "intents_by_replaced",
        "replaces",
        sqlite_where=text("replaces IS NOT NULL"),
        postgresql_where=text("replaces IS NOT NULL"),
    ),
)

attempts = Table(
    "attempts",
    metadata,
    Column("request_id", String(36), primary_key=True),
    Column("intent_id", ForeignKey("intents.intent_id"), nullable=False, index=True),
    Column("send", Integer, nullable=False),
    Column("sent_at", String(32), nullable=False, index=True),
    Column("answered_at", String(32)),
    Column("http_status", Integer),
    Column("code", Text, nullable=False),
    Column("message", Text, nullable=False),
    Column("digest", String(64), nullable=False, server_default=""),
)

changes = Table(
    "changes",
    metadata,
    Column("position", Integer, primary_key=True, autoincrement=True),
    Column("intent_id", ForeignKey("intents.intent_id"), nullable=False, index=True),
    Column("at", String(32), nullable=False, index=True),
    Column("state", String(16), nullable=False),
    Column("why", Text, nullable=False),
    Column("who", Text, nullable=False),
)
"""Every step of every intent, in order; nothing is updated or deleted here."""

outcomes = Table(
    "outcomes",
    metadata,
    Column("position", Integer, primary_key=True, autoincrement=True),
    Column("intent_id", ForeignKey("intents.intent_id"), nullable=False, index=True),
    Column("seen_at", String(32), nullable=False, index=True),
    Column("status", Text, nullable=False),
    Column("body", Text, nullable=False),
)

renewal_nights = Table(
    "renewal_nights",
    metadata,
    Column("account", Text, primary_key=True),
    Column("environment", String(16), primary_key=True),
    Column("book_key", String(64), primary_key=True),
    Column("night", String(10), primary_key=True),
    Column("was_dry_run", Boolean, nullable=False),
    Column("name", Text, nullable=False),
    Column("missed", Integer, nullable=False),
    Column("done_at", String(32), nullable=False),
)
"""The nights of renewal books that were done, by local date."""

renewal_announcements = Table(
    "renewal_announcements",
    metadata,
    Column("account", Text, primary_key=True),
    Column("environment", String(16), primary_key=True),
    Column("book_key", String(64), primary_key=True),
    Column("customer_id", String(40), primary_key=True),
    Column("subscription_id", String(40), primary_key=True),
    Column("term", String(10), primary_key=True),
    Column("night", String(10), nullable=False),
    Column("quantity", Integer, nullable=False),
    Column("product", Text, nullable=False),
    Column("currency", Text, nullable=False),
    Column("price", Text, nullable=False),
)
"""What a renewal book's first workbook told of a subscription that was to come due."""

renewal_outputs = Table(
    "renewal_outputs",
    metadata,
    Column("position", Integer, primary_key=True, autoincrement=True),
    Column("path", Text, nullable=False, index=True),
    Column("hash", String(64), nullable=False),
)
"""Every renewal workbook that was about to take its name."""
