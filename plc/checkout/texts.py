"""All that the check-out says, in German and English; `instructions` adds what is special to a signal.

A name in braces is filled in by `Words.of`. A reason travels as `Words` from where it is found to where the
language of the site is known, so that no sentence is put together in one language only.
"""

from __future__ import annotations

from typing import NamedTuple


class Words(NamedTuple):
    """The same in two languages."""

    de: str
    en: str

    def of(self, **values: object) -> Words:
        """With values in place of the names in braces; a value may be `Words` itself."""
        return Words(
            self.de.format(**{k: v.de if isinstance(v, Words) else v for k, v in values.items()}),
            self.en.format(**{k: v.en if isinstance(v, Words) else v for k, v in values.items()}),
        )

    def said(self, *, german: bool) -> str:
        """In one language."""
        return self.de if german else self.en


# The session

WELCOME = Words(
    "{site}: Inbetriebnahme E/A, {passed} von {steps} bestanden, Protokoll {path}",
    "{site}: check-out, {passed} of {steps} passed, protocol {path}",
)
SIMULATION = Words(
    "SIMULATION: das Prozessabbild ist eine Datei, kein echter Ausgang bewegt sich",
    "SIMULATION: the image is a file, no real output moves",
)
PASSED = Words("bestanden", "passed")
NOT_PASSED = Words(
    "NICHT bestanden. Fehler oder übersprungen: {names}. Noch offen: {left}",
    "NOT passed. Failed or skipped: {names}. Still open: {left}",
)
RESULTS = {
    "pass": Words("BESTANDEN", "PASS"),
    "fail": Words("FEHLER", "FAIL"),
    "skip": Words("ÜBERSPRUNGEN", "SKIP"),
}
KEY_TO_MAINT = Words(
    "Schlüsselschalter auf WARTUNG stellen (mode_maint = 1, mode_auto = 0)",
    "turn the key switch to MAINT (mode_maint = 1, mode_auto = 0)",
)
INTERRUPTED = Words("abgebrochen: {cause}", "interrupted: {cause}")
ONLY_AFTER = Words("erst nach: {names}", "only after: {names}")

# Questions and answers

HELP = Words(
    "f = fehlerhaft, s = überspringen, c TEXT = Bemerkung, q = aufhören (alles bisher bleibt gespeichert)",
    "f = fail, s = skip, c TEXT = comment, q = quit (everything so far is kept)",
)
GO = Words("Enter = los, f/s/c/q", "Enter = go, f/s/c/q")
SEEN_OR_AGAIN = Words("p = ja, r = noch einmal, f/s/c/q", "p = yes, r = once more, f/s/c/q")
NOTED = Words("Bemerkung notiert", "comment kept")
JUDGED = Words("von der Person so beurteilt", "judged so by the person")
SEEN = Words("von der Person gesehen", "seen by the person")

# Why outputs were taken back

NO_TIME = Words("die Zeitquelle ist zu Ende", "the source of time has ended")
STOOD_STILL = Words(
    "das Prüfprogramm stand {seconds:.1f} s still", "the check-out stood still for {seconds:.1f} s"
)
MODULE = Words("ein E/A-Modul fehlt oder ist gestört: {what}", "an I/O module is missing or faulty: {what}")
KEY_LEFT = Words("der Schlüsselschalter hat WARTUNG verlassen", "the key switch has left MAINT")
PULSE_OVER = Words("Grenze von {seconds:g} s für einen Puls", "limit of {seconds:g} s for one pulse")
NOBODY_ANSWERED = Words("niemand hat geantwortet", "nobody has answered")
NO_FIGURE = Words("keine Zahl", "no figure")
IS_ZERO = Words("{name} ist 0", "{name} is 0")
OIL_UNKNOWN = Words("Öltemperatur unbekannt", "oil temperature unknown")
OIL_WARM = Words("Öl hat {degc:.0f} °C", "oil at {degc:.0f} °C")
OTHER_CLOSED = Words(
    "{name} ist 1: ein Schütz ist zu, das nicht geprüft wird",
    "{name} is 1: a contactor is closed that is not under test",
)
NO_FLOW = Words("kein Durchfluss bei laufender P3", "no flow with P3 on")
NOT_RESET = Words("das Sicherheitsrelais wurde nicht zurückgesetzt", "the safety relay was not reset")
NO_ANSWER_OF = Words("{name} antwortet nicht", "{name} does not answer")

# Inputs

PLACE = Words("{name} ({channel}, {terminal})", "{name} ({channel}, {terminal})")
REST_WANTED = Words(
    "{name} steht auf {now}, Ruhelage ist {rest}: Ruhelage herstellen",
    "{name} reads {now}, its rest position is {rest}: bring it there",
)
EXPECTED = Words("{what}  ({name}, erwartet: {bit})", "{what}  ({name}, expected: {bit})")
MOVES_ALONG = Words("mit {name} bewegt sich auch {others}", "{others} moves along with {name}")
CROSSED = Words(
    "vertauscht? statt {name} ({where}) hat sich {others} bewegt",
    "crossed wire? {others} moved instead of {name} ({where})",
)

# Analogue inputs

FIRST_POINT = Words("erster Punkt", "first point")
SECOND_POINT = Words("zweiter Punkt", "second point")
SOURCE_MA = Words("Stromgeber 4-20 mA oder Referenzthermometer", "current source or reference")
SOURCE_V = Words("Spannungsgeber oder Referenz", "voltage source or reference")
SOURCE_OHM = Words("Widerstandsgeber oder Referenz", "resistance decade or reference")
REFERENCE = Words(
    "{point}: {source} an {terminal}; was zeigt die Referenz?",
    "{point}: {source} at {terminal}; what does the reference show?",
)
TOO_CLOSE = Words("die Punkte müssen {k:g} K auseinander liegen", "the points must be {k:g} K apart")
NO_VALUE = Words("kein gültiger Messwert: {why}", "no valid value: {why}")
WRONG_VALUE = Words(
    "zeigt {seen:.1f} °C statt {reference:g} °C: Kanal, Spanne oder Fühlertyp",
    "shows {seen:.1f} °C instead of {reference:g} °C: channel, span or sensor type",
)

# Outputs

MOVES_WITH_OUTPUT = Words("mit {name} bewegt sich {others}", "{others} moves with {name}")
ALREADY_ONE = Words(
    "{where} ist schon 1, bevor {name} ein ist: klemmt, gebrückt oder vertauscht",
    "{where} is 1 before {name} is on: stuck, bridged or crossed",
)
ANSWERS_INSTEAD = Words(
    "statt {where} antwortet {others}",
    "{others} answers instead of {where}",
)
NOT_IN_TIME = Words(
    "{where} antwortet nicht in {seconds:g} s: {relay}, Kontakt und Ader prüfen",
    "{where} does not answer within {seconds:g} s: check {relay}, contact and wire",
)
NOT_BACK = Words("{where} geht nicht auf 0 zurück", "{where} does not go back to 0")
PROVED = Words(
    "bewiesen durch {where}: nach {on_s:.1f} s ein, nach {off_s:.1f} s aus",
    "proved by {where}: on after {on_s:.1f} s, off after {off_s:.1f} s",
)
VOLTS_AT = Words(
    "{name} = {percent:g} %: an {terminal} müssen {volts:.2f} V stehen. Gemessen?",
    "{name} = {percent:g} %: {volts:.2f} V expected at {terminal}. Measured?",
)
WRONG_VOLTS = Words(
    "{found:g} V statt {volts:.2f} V bei {percent:g} %",
    "{found:g} V instead of {volts:.2f} V at {percent:g} %",
)

# Enables, watchdog relay, death of the process

BREAKERS = Words(
    "Leitungsschutzschalter BEIDER Miner ausgeschaltet und gegen Einschalten gesichert? Dann 'off' eingeben",
    "breakers of BOTH miners off and secured? Then type 'off'",
)
STILL_ANSWERS = Words(
    "{who} antwortet noch: Leitungsschutzschalter nicht aus, Schütz bleibt offen",
    "{who} still answers: breaker not off, the contactor stays open",
)
WILL_CLOSE = Words(
    "Schütz schließt gleich, höchstens {seconds:g} s, ohne Spannung am Miner",
    "contactor will close, for {seconds:g} s at most, without supply at the miner",
)
RESET = Words(
    "Leuchttaster Reset des Sicherheitsrelais drücken", "press the lit reset button of the safety relay"
)
STAYS_WITHOUT_FLOW = Words(
    "safety_ok bleibt 1 ohne Durchfluss, bei flow_latches: true muss es fallen: Kette oder site.yaml prüfen",
    "safety_ok stays 1 without flow; flow_latches: true says it drops: check the chain or site.yaml",
)
DROPS_WITHOUT_FLOW = Words(
    "safety_ok fällt ohne Durchfluss ab, bei flow_latches: false bleibt es: Kette oder site.yaml prüfen",
    "safety_ok drops without flow; flow_latches: false says it stays: check the chain or site.yaml",
)
ONE_WITHOUT_ENABLE = Words("{name} ist 1 ohne Freigabe", "{name} is 1 without an enable")
CONTACTOR_SILENT = Words(
    "{name} antwortet nicht in {seconds:g} s: Relais, Schütz, Hilfskontakt, K12 prüfen",
    "{name} does not answer within {seconds:g} s: check relay, contactor, contact, K12",
)
WELDED = Words(
    "{name} bleibt 1 ohne Freigabe: Schütz klebt", "{name} stays 1 without enable: contactor welded"
)
ON_AND_OFF = Words(
    "ein nach {on_s:.1f} s, aus nach {off_s:.1f} s", "on after {on_s:.1f} s, off after {off_s:.1f} s"
)
K12_HOLDS = Words(
    "{name} fällt ohne Lebenszeichen nicht in {seconds:g} s ab: K12 prüfen",
    "{name} does not drop within {seconds:g} s without heartbeat: check K12",
)
K12_OPENED = Words("K12: Schütz nach {drop_s:.1f} s offen", "K12: contactor open after {drop_s:.1f} s")
DID_NOT_CLOSE = Words("Schütz schloss nicht: {why}", "contactor did not close: {why}")
KILLED_STILL_CLOSED = Words(
    "Prozess getötet, Schütz nach {seconds:g} s noch zu",
    "process killed, contactor still closed after {seconds:g} s",
)
KILLED_OPEN = Words(
    "Prozess getötet, Schütz nach {drop_s:.1f} s offen", "process killed, contactor open after {drop_s:.1f} s"
)
ABORTED = Words("abgebrochen", "aborted")
ENDED_EARLY = Words("vorzeitig beendet", "ended before its time")
NO_ANSWER = Words("keine Antwort", "no answer")
