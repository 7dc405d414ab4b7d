"""A small historian: MQTT in, InfluxDB 1.x out. For sites without Telegraf, and for tests."""
