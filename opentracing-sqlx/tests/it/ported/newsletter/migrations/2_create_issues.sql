CREATE TABLE newsletter_issues (
    id BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    title TEXT NOT NULL
);
CREATE TABLE issue_delivery_queue (
    newsletter_issue_id BIGINT NOT NULL REFERENCES newsletter_issues (id),
    subscriber_email TEXT NOT NULL,
    PRIMARY KEY (newsletter_issue_id, subscriber_email)
);
CREATE TABLE idempotency (
    idempotency_key TEXT PRIMARY KEY,
    response TEXT
);
