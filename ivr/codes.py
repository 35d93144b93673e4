"""Every code of a finding, with what it means, how it comes about, how to mend it, and a line that has it."""

from collections.abc import Mapping
from typing import NamedTuple


class Page(NamedTuple):
    """What the documentation says of a code."""

    meaning: str
    cause: str
    cure: str
    example: str


# fmt: off
CODES: Mapping[str, Page] = {
    "bad-date": Page("A date that no calendar has.", "Another order of day and month, or no zeros.", "Write year-month-day.", 'dates: {"1.10.2026": closed}'),
    "bad-day": Page("A weekday that does not exist.", "Days are written short and in English.", "Write mon, tue, wed, thu, fri, sat, sun, or mon-fri.", "weekly: {monday: 09:00-17:00}"),
    "bad-expression": Page("An expression that cannot be understood, or mixes types.", "Expressions are CEL; every variable has a type.", "Use &&, || and ! and quotes around texts; declare variables under `vars:`.", "when: found.found and tries > 2"),
    "bad-hole": Page("A value in a text that cannot be spoken.", "`${…}` without a kind, an unknown kind, or a value of another type.", "Say how to speak it: `${money(x)}`, `${date(x)}`.", 'en: "You owe ${x}."'),
    "bad-hours": Page("Hours that are no span.", "No zeros, no end, or an end that is the start.", 'Write "09:00-18:00", or closed.', 'mon-fri: "9-18"'),
    "bad-key": Page("A key no telephone has, or one that has another use in this step.", "Keys are 0-9, * and #; # and * need quotes.", 'Write "0" to "9", "*" or "#".', 'choices: {"A": sales}'),
    "bad-name": Page("A name that cannot be used here.", "Names are made of a-z, 0-9 and _; `return`, `call` and `today` mean something else; a flow is called like its file.", "Choose another name.", "steps: {return: {type: hangup}}"),
    "bad-operation": Page("A query sent by `report`, or a change sent by `lookup`.", "A lookup may be repeated; a change is done once, with a key.", "Use `type: report` for what changes something, else `type: lookup`.", "{type: lookup, operation: create_ticket}"),
    "bad-parameter": Page("A parameter used where it does not fit.", "A table or list was given for a `$mark` within a longer text.", "Write the mark alone, or give a single value.", 'when: $cases == ""'),
    "bad-text": Page("What is said is not given by language.", "A bare text, or `phrase:` beside other keys.", "Write {zh: …, en: …} or {phrase: name}.", "say: Welcome"),
    "bad-type": Page("A value of one type where another is needed.", "The variable is declared otherwise.", "Use a variable or value of the type the message names.", "set: {tries: many}"),
    "bad-value": Page("A value outside what its key allows.", "A word instead of a number, a number out of bounds, a word that is no option.", "Write what the message asks for.", "retries: 12"),
    "dead-end": Page("A step from which no way leads to an end.", "Its ways lead round in a circle.", "Lead on to a hangup, a goto to another flow, or return.", "a: {type: say, say: {zh: 好, en: Good}, next: a}"),
    "duplicate-day": Page("A weekday with hours twice.", "Ranges of days that overlap.", "Name each day once.", "{mon-fri: 09:00-17:00, fri: 09:00-12:00}"),
    "duplicate-device": Page("Two agents with one phone.", "Copied from another agent.", "Give each agent his own phone.", "device: PJSIP/agent01"),
    "duplicate-extension": Page("Two agents with one extension.", "Copied from another agent.", "Give each agent his own extension.", "extension: 1001"),
    "duplicate-key": Page("A key stands twice in one table.", "YAML would silently keep the last.", "Keep one.", "{next: a, next: b}"),
    "duplicate-queue": Page("An agent's queue is listed twice.", "A line too many.", "Keep one.", "queues: [billing, billing]"),
    "empty-never": Page("A queue that can never be empty.", "Agents who are logged out count as being there.", "Add logged_out to `when:`.", "empty: {when: [paused]}"),
    "endless-loop": Page("Steps that lead to themselves without any wait.", "Only branch, set, goto and hours are on the way.", "Put a step that speaks or asks into the loop.", "a: {type: set, set: {n: 1}, next: a}"),
    "grade-is-tier": Page("A grade with the name of a tier.", "The tier stands under `tiers:` already.", "Remove the grade, or give it another name.", "grades: {gold: diamond}"),
    "guarantee-impossible": Page("A guaranteed wait that denies the head starts.", "A customer with a head start may pass whoever came that much earlier; the guarantee is no longer than that.", "Guarantee more than the greatest head start, or lower the head starts.", "guarantee_seconds: 60"),
    "guarantee-never": Page("A guaranteed wait that nobody reaches.", "Callers leave the queue before, after `max_wait_seconds`.", "Guarantee less, or raise `max_wait_seconds`.", "{guarantee_seconds: 900, max_wait_seconds: 600}"),
    "head-start-twice": Page("A head start that asks two things at once.", "`equals` and `at_least` stand in one rule.", "Keep one, or write two rules.", "{attribute: credit, equals: 5, at_least: 3, seconds: 60}"),
    "holidays-end": Page("The calendar of public holidays ends soon.", "Make-up workdays are announced year by year, and the calendar installed does not know the next year's.", "Update the package `holidays`, or write next year's days under `dates:`.", "holidays: CN"),
    "hours-hole": Page("Hours with a hole nobody may have meant.", "A weekday is not written, or a few minutes between two spans are left out.", "Write `sun: closed` when it is meant; let spans meet: 00:00-24:00, not 00:00-23:59.", 'weekly: {mon-sun: "00:00-23:59"}'),
    "include-cycle": Page("Fragments that include each other.", "The last include of the circle was meant otherwise.", "Break the circle.", "{type: include, fragment: itself}"),
    "include-size": Page("Includes that never come to an end.", "Fragments that include fragments multiply: more than 1000 steps in one flow.", "Include less, or call a flow.", "{type: include, fragment: many}"),
    "leaking-secret": Page("A secure value handed to an argument that is no secret.", "It would stand in logs and tables.", "Hand it to the operation's secret argument only.", 'with: {account: "${pin}"}'),
    "long-text": Page("A text message that makes more short messages than it should.", "160 characters of the GSM alphabet are one short message, with a single Chinese character only 70; several are charged each.", "Shorten it, or allow more by `max_segments:`.", "{type: sms, max_segments: 1}"),
    "missing-argument": Page("An operation lacks an argument.", "The operation needs it.", "Add it under `with:`.", "with: {}"),
    "missing-key": Page("A key that must be there is not.", "Left out, or written with nothing behind it.", "Add it.", "{type: say}"),
    "missing-language": Page("A text lacks one language.", "Every caller hears his own language.", "Add the text.", "say: {zh: 您好。}"),
    "missing-parameter": Page("A fragment lacks a parameter.", "It has no value of its own for it.", "Add it under `with:`, or give the fragment a value under `parameters:`.", "{type: include, fragment: put_through, with: {}}"),
    "missing-prompt": Page("A text without audio.", "Prompts were not built since the text was written.", "Run hotline prompts build.", "say: {zh: 您好。, en: Hello.}"),
    "missing-sentence": Page("Nothing is said after a wrong key.", "`on_invalid` has no sentence, here and under `defaults:`.", "Add `say:` under `on_invalid`.", "on_invalid: menu"),
    "missing-target": Page("A way that leads nowhere.", "No step behind a key.", "Name a step.", 'choices: {"1": }'),
    "missing-way": Page("Something can happen for which there is no way on.", "No `on_timeout`, `on_invalid`, `on_error` or outcome, here or under `defaults:`.", "Add it.", "outcomes: {menu: main_menu}"),
    "no-callback": Page("A callback is offered in a queue that calls nobody back.", "The queue has no `callback:` in queues.yaml.", "Add it there, or name another queue.", "{type: callback, queue: general}"),
    "no-choices": Page("A question without any key.", "`choices:` is empty.", 'Add "1": step.', "choices: {}"),
    "no-entry": Page("The flow calls begin in is not there.", "main.yaml is missing or has another name.", "Write main.yaml.", "flow: mein"),
    "no-flows": Page("A folder without flows.", "Another folder was meant.", "Name the folder of the flows.", "hotline check /tmp"),
    "no-scripts": Page("A folder without scripts of callers.", "Another folder was meant.", "Name the folder of the scripts.", "hotline test /tmp"),
    "not-a-table": Page("A table of keys and values is needed here.", "A list or single value stands there.", 'Write "key: value" lines.', "steps: [a, b]"),
    "number-not-listed": Page("A number that may not be dialled.", "No rule of dialing.yaml with the purpose dial has it, or it stands under `never:`.", "List it in dialing.yaml, or dial another one.", 'to: "95013"'),
    "open-name": Page("A queue or skill that can be called anything.", "Its name comes from digits or a reply, so that nobody can check that it exists.", "Declare the variable with the values it may have: `{type: text, one_of: [billing, faults]}`; another value then takes the step's `on_error`.", 'queue: "${found.queue}"'),
    "overflow-loop": Page("Queues that overflow in a circle.", "Each names the next, and the last one the first.", "Let one of them overflow to voicemail.", "overflow: billing"),
    "pause-by-phone": Page("The pause by phone is not among the reasons to pause.", "`*46` has no keys for words: it gives the reason `break`, and only listed reasons are taken.", "List it, with a label of your own.", "pause_reasons: {lunch: {zh: 午餐, en: Lunch}}"),
    "plain-secret": Page("A secret in plain text.", "A value given to a secret variable, a PIN or password in an open variable, or a token in a file everybody can read.", "Collect secrets with `secure: true` into a variable of type secret; chmod 600 the file with the token.", "vars: {pin: text}"),
    "prefix-key": Page("A key begins a longer one.", "Nobody can tell which is meant without waiting.", "Add `inter_digit_seconds:`, or use another key.", 'choices: {"1": a, "12": b}'),
    "queue-nobody": Page("A queue no agent serves.", "No agent lists it.", "Add it to the queues of an agent.", "queues: {night: …}"),
    "ring-narrows": Page("A ring that asks for more than the one before it.", "A skill is new in it, or its level is higher: who could be asked until then no longer can.", "Let each ring ask for no more than the one before.", "{needs: {billing: 1}, rings: [{after_seconds: 20, needs: {billing: 2}}]}"),
    "ring-order": Page("Rings that do not begin one after the other.", "`after_seconds` does not grow.", "List rings by growing after_seconds.", "rings: [{after_seconds: 60}, {after_seconds: 20}]"),
    "seats-nobody": Page("Dedicated seats that nobody sits on.", "No agent of the queue has their skill.", "Give the skill to an agent of the queue.", "seats: [{skill: vip_desk, tiers: [gold]}]"),
    "service-level-never": Page("A service level that is always reached.", "Callers leave the queue (`max_wait_seconds`) before they could be late.", "Set `service_level_seconds` below `max_wait_seconds`.", "{service_level_seconds: 60, max_wait_seconds: 45}"),
    "short-abandon-long": Page("Short abandons that last as long as the service level.", "Whoever hangs up within `short_abandon_seconds` is left out of the abandonment, which is meant for mistaken calls of a few seconds.", "Set it below `service_level_seconds`.", "{short_abandon_seconds: 20, service_level_seconds: 20}"),
    "silent-loop": Page("A loop that a caller who presses nothing never leaves.", "Its ways after no key lead round in a circle, until the budget of the call ends it after half an hour.", "Lead `on_timeout` to an agent or a goodbye, or count the rounds and leave by a branch.", "menu: {type: menu, …, on_timeout: menu}"),
    "skill-nobody": Page("A skill no agent has.", "Nobody was given it, or only at a lower level.", "Lower the level, or give an agent this skill.", "needs: {lang_fr: 1}"),
    "team-nobody": Page("A team without agents.", "Its agents were given another team, or none.", "Give an agent this team, or remove it.", "teams: {night: {zh: 夜班, en: Night}}"),
    "tier-nobody": Page("A tier that nobody serves.", "All agents of the queue have seats that are kept for other tiers.", "Keep fewer seats with `only:`, or add the tier to one.", "seats: [{skill: billing, tiers: [gold], only: true}]"),
    "unknown-agent": Page("An agent that is not in agents.yaml.", "A spelling mistake.", "Use the name the message offers, or a pattern such as zh*.", "agents: [agnt01]"),
    "unknown-argument": Page("An argument the operation does not take.", "A spelling mistake, or another operation.", "Use the name the message offers.", "with: {acount: x}"),
    "unknown-backend": Page("A backend that is not in backends.yaml.", "A spelling mistake, or not configured.", "Use the name the message offers, or add the backend.", "backend: acounts"),
    "unknown-country": Page("A country whose holidays are not known.", "Another code.", "Write its code, such as CN.", "holidays: China"),
    "unknown-field": Page("A field no reply of the operation has.", "A spelling mistake.", "Use the name the message offers.", "${money(found.balnce)}"),
    "unknown-flow": Page("A jump to a flow that is not there.", "A spelling mistake, or a file that was removed.", "Use the name the message offers.", "flow: ballance"),
    "unknown-fragment": Page("A fragment that is not there.", "A spelling mistake, or a flow: a fragment's file begins with `fragment:`.", "Use the name the message offers; call flows with `type: call`.", "{type: include, fragment: put_trough}"),
    "unknown-gateway": Page("A gateway for text messages that is not in backends.yaml.", "A spelling mistake, or not configured.", "Use the name the message offers, or add it under `gateways:`.", "gateway: smms"),
    "unknown-key": Page("A key that means nothing here.", "A spelling mistake, or the wrong indentation.", "Use the key the message offers, or remove it.", "nxt: menu"),
    "unknown-language": Page("A language the hotline does not speak.", "Languages are zh and en.", "Use one of them.", "say: {fr: Bonjour}"),
    "unknown-leader": Page("A team leader who is not among the agents.", "A spelling mistake.", "Use the name the message offers, or leave the leader out.", "teams: {night: {zh: 夜班, en: Night, leader: agnet01}}"),
    "unknown-operation": Page("An operation the backend does not have.", "A spelling mistake.", "Use the name the message offers.", "operation: ballance"),
    "unknown-outcome": Page("An outcome a queue does not have.", "A spelling mistake.", "Use the name the message offers.", "outcomes: {serve: rate}"),
    "unknown-parameter": Page("A parameter the fragment does not declare.", "A spelling mistake, or a dollar sign that is meant as one.", "Use the name the message offers, declare it under `parameters:`, or write $$.", "next: $dnoe"),
    "unknown-phrase": Page("A phrase that is not in phrases.yaml.", "A spelling mistake, or a phrase the hotline itself needs was removed.", "Write it into phrases.yaml.", "say: {phrase: godbye}"),
    "unknown-plan": Page("Opening hours that are not in hours.yaml.", "A spelling mistake.", "Use the name the message offers, or write the plan.", "plan: offic"),
    "unknown-queue": Page("A queue that is not in queues.yaml.", "A spelling mistake.", "Use the name the message offers.", "queue: biling"),
    "unknown-service": Page("A service that is not in backends.yaml.", "A spelling mistake, or not configured: only services listed there can be reached.", "Use the name the message offers, or add it under `services:`.", "service: parcel"),
    "unknown-skill": Page("A skill that is not declared in agents.yaml.", "A spelling mistake.", "Use the name the message offers, or declare it under skills.", "needs: [lang_fr]"),
    "unknown-step": Page("A way to a step that is not there.", "A spelling mistake, or a step that was removed.", "Use the name the message offers.", "next: manu"),
    "unknown-strategy": Page("A ranking of agents that does not exist.", "A spelling mistake.", "Use the name the message offers.", "strategy: longest"),
    "unknown-team": Page("A team that is not listed in agents.yaml.", "A spelling mistake.", "Use the name the message offers, or list it under teams.", "team: nihgt"),
    "unknown-tier": Page("A tier that is not in tiers.yaml.", "A spelling mistake.", "Use the name the message offers.", "tier: golden"),
    "unknown-type": Page("A type of step or variable that does not exist.", "A spelling mistake.", "Use the name the message offers.", "type: sai"),
    "unknown-variable": Page("A variable that is not declared.", "A spelling mistake, or missing under `vars:`.", "Declare it, or use the name the message offers.", "into: acount"),
    "unknown-zone": Page("A time zone that does not exist.", "Zones are named like Asia/Shanghai.", "Write the zone's name, or UTC.", "zone: CST+8"),
    "unprotected-secret": Page("A secret argument given an open value.", "The digits were collected without `secure: true`.", "Collect them with `secure: true` into a variable of type secret.", 'with: {pin: "1234"}'),
    "unreachable-step": Page("A step no way leads to.", "Its last way was taken away.", "Lead to it, or remove it.", "old_menu: {type: hangup}"),
    "unreadable": Page("A file that cannot be read.", "It is not there, not readable, or not UTF-8.", "Restore it as UTF-8 text.", "hotline check --config /nowhere"),
    "unused-flow": Page("A flow no other leads to.", "Its last call was taken away.", "Call it, or remove it.", "old.yaml"),
    "unused-fragment": Page("A fragment no flow includes.", "Its last include was taken away; nothing in it is checked.", "Include it, or remove it.", "old.yaml"),
    "unused-parameter": Page("A parameter nothing uses.", "Its last mark was taken away.", "Write `$name` where it is wanted, or remove it.", "parameters: {colour: red}"),
    "wide-rule": Page("A rule of dialing.yaml that allows numbers with any beginning.", "The pattern begins with X, Z or N.", "Let it begin with the digits that the numbers have in common.", 'numbers: ["XXXXX"]'),
    "yaml-alias": Page("A YAML alias.", "A star without quotes, or anchors, which are not used here.", 'Write the value out; a star key or value needs quotes: "*".', "next: *again"),
    "yaml-anchor": Page("A YAML anchor.", "Anchors are not used here.", "Write the value out, or quote it.", "say: &hello {zh: 好, en: Hi}"),
    "yaml-blank": Page("A blank that is none to YAML.", "A full-width or no-break blank at the beginning of a line: it would become part of the key.", "Type plain spaces.", "\u3000say: …"),
    "yaml-character": Page("A character no text may have.", "A control character, often from copying.", "Remove it.", r'en: "Hello\a"'),
    "yaml-colon": Page("A full-width colon.", "A Chinese keyboard: ： is a letter to YAML.", "Write a colon and a blank.", "zh：您好。"),
    "yaml-depth": Page("Nested too deeply.", "More than 24 levels.", "Keep it flat.", "[[[[[[[[[[[[[[[[[[[[[[[[[[x]]]]]]]]]]]]]]]]]]]]]]]]]]"),
    "yaml-documents": Page("A second document in one file.", "A line ---.", "Remove the line.", "---"),
    "yaml-empty": Page("An empty file.", "Nothing but comments.", "Fill it or remove it.", "# to do"),
    "yaml-hash": Page("A # that YAML takes for a comment.", "# without quotes.", 'Quote it: "#".', "#: goodbye"),
    "yaml-key": Page("A list or table as a key.", "A bracket before a colon.", "Use a text as the key.", "? [a, b] : c"),
    "yaml-merge": Page("A merge key.", "Merging is not used here.", "Write the keys out.", "<<: {next: a}"),
    "yaml-size": Page("A file that is too big.", "More than a million characters.", "Split it into several flows.", "main.yaml"),
    "yaml-star": Page("A star without quotes.", "YAML takes it for an alias.", 'Quote it: "*".', "*: menu"),
    "yaml-syntax": Page("Not YAML.", "Indentation, quotes, colons or brackets that do not fit.", "Look at the place and just before it.", "say: {zh: 好"),
    "yaml-tab": Page("A tab where YAML wants spaces.", "An editor that indents by tabs.", "Replace tabs by spaces.", "\\ttype: say"),
    "yaml-tag": Page("A YAML tag.", "A ! without quotes.", "Remove it, or quote the value.", "en: !hello"),
}
# fmt: on


def findings_page() -> str:
    """Return docs/findings.md: a section for each code."""
    head = "# Findings of `hotline check`\n\nMade from `ivr/codes.py` by `hotline schema --findings docs/findings.md`. A finding reads `file:line:column: code message (cure)`.\n"
    return head + "".join(_section(code, page) for code, page in CODES.items())


def _section(code: str, page: Page) -> str:
    return f"\n## {code}\n\n{page.meaning} {page.cause}\n\n```\n{page.example}\n```\n\nCure: {page.cure}\n"
