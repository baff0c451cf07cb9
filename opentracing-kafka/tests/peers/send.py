"""Sends one record with the given headers. Arguments: BROKERS TOPIC [NAME=VALUE ...]."""

import sys

from kafka import KafkaProducer

brokers, topic, *pairs = sys.argv[1:]
headers = [(name, value.encode()) for name, _, value in (pair.partition("=") for pair in pairs)]
producer = KafkaProducer(bootstrap_servers=brokers)
producer.send(topic, value=b"v", headers=headers).get(timeout=20)
producer.close()
