"""Heat, water and electricity of the house: equations only, no cabinet, no program, no clock."""
