"""Generated miner stubs (see protos/README.md). Never edited, never imported outside plc.field.miner.api."""
