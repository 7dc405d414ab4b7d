"""A Modbus RTU slave made of libmodbus through ctypes: PORT SLAVE START WORD...

An implementation that shares nothing with ours. Ends when its standard input is closed.
"""

import ctypes
import os
import sys
import threading


def main() -> int:
    lib = ctypes.CDLL("libmodbus.so.5")
    lib.modbus_new_rtu.restype = ctypes.c_void_p
    lib.modbus_mapping_new_start_address.restype = ctypes.c_void_p
    for name in ("modbus_set_slave", "modbus_connect", "modbus_receive"):
        getattr(lib, name).argtypes = [ctypes.c_void_p, *([ctypes.c_int] if name.endswith("slave") else [])]
    lib.modbus_receive.argtypes = [ctypes.c_void_p, ctypes.c_char_p]
    lib.modbus_reply.argtypes = [ctypes.c_void_p, ctypes.c_char_p, ctypes.c_int, ctypes.c_void_p]

    class Mapping(ctypes.Structure):
        _fields_ = [
            *((name, ctypes.c_int) for name in (
                "nb_bits", "start_bits", "nb_input_bits", "start_input_bits", "nb_input_registers",
                "start_input_registers", "nb_registers", "start_registers",
            )),
            ("tab_bits", ctypes.c_void_p), ("tab_input_bits", ctypes.c_void_p),
            ("tab_input_registers", ctypes.POINTER(ctypes.c_uint16)),
            ("tab_registers", ctypes.POINTER(ctypes.c_uint16)),
        ]  # fmt: skip

    port, slave, start = sys.argv[1].encode(), int(sys.argv[2]), int(sys.argv[3])
    words = [int(word) for word in sys.argv[4:]]
    context = lib.modbus_new_rtu(port, 9600, ctypes.c_char(b"N"), 8, 1)
    lib.modbus_set_slave(context, slave)
    if lib.modbus_connect(context) != 0:
        return 1
    raw = lib.modbus_mapping_new_start_address(0, 0, 0, 0, start, len(words), start, len(words))
    mapping = ctypes.cast(raw, ctypes.POINTER(Mapping)).contents
    for place, word in enumerate(words):
        mapping.tab_registers[place] = mapping.tab_input_registers[place] = word
    threading.Thread(target=lambda: (sys.stdin.read(), os._exit(0)), daemon=True).start()
    print("ready", flush=True)
    query = ctypes.create_string_buffer(260)
    while True:
        length = lib.modbus_receive(context, query)
        if length > 0:
            lib.modbus_reply(context, query, length, raw)


if __name__ == "__main__":
    sys.exit(main())
