"""Background threads: inverter, meters, miners, and the host of the planner process."""
