CREATE TABLE subscriptions (
    id BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    email TEXT NOT NULL UNIQUE,
    name TEXT NOT NULL,
    status TEXT NOT NULL
);
CREATE TABLE subscription_tokens (
    subscription_token TEXT PRIMARY KEY,
    subscriber_id BIGINT NOT NULL REFERENCES subscriptions (id)
);
