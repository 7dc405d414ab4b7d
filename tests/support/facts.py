"""Facts that more than one test starts from."""

HEALTHY = {
    "io_settled": True,
    "dio_healthy": True,
    "aio_healthy": True,
    "estop1_ok": True,
    "estop2_ok": True,
    "temp_max_ok": True,
    "p4_ssm_ok": True,
    "p5_ssm_ok": True,
    "cooler_ok": True,
    "b1_valid": True,
}
"""A plant in which no alarm holds: everything that is present by being well is well."""
