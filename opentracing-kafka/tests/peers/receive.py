"""Receives records and prints the headers of each on a line, as NAME=VALUE. Arguments: BROKERS TOPIC COUNT."""

import sys

from kafka import KafkaConsumer

brokers, topic, count = sys.argv[1:]
consumer = KafkaConsumer(topic, bootstrap_servers=brokers, auto_offset_reset="earliest", consumer_timeout_ms=20_000)
for _, record in zip(range(int(count)), consumer):
    print(" ".join(f"{name}={value.decode()}" for name, value in record.headers))
consumer.close()
