"""Installs, checks, activates, starts and rolls back releases on the RevPi. Standard library only."""
