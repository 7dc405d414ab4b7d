"""MQTT: state, commands, discovery."""
