"""The decision engine: cost of a kilowatt-hour, value of heat, plan. Pure."""
