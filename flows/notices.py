"""What unattended work tells people, in plain words: a title, a few sentences, a workbook.

None stands for nothing new: who is told of nothing reads on when something is told.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Final

from flows.follow_up import FollowedUp
from flows.inbox_runs import FinishedWorkbook, What
from flows.notify import Message, Weight
from flows.renewing import NightRun
from schemas.outcomes import NEEDS_PERSON, State
from schemas.renewal_answers import NEEDS_PERSON as NIGHT_NEEDS_PERSON
from schemas.renewal_answers import RenewalState

if TYPE_CHECKING:  # that flow tells of its nights by these words
    from flows.renew_subscriptions import Renewals


_IN_DOUBT: Final = (
    "In doubt means: the marketplace has not said clearly whether it placed the order. Orderdrop "
    "looks it up by itself and never orders it twice. Nothing needs to be done now; please do not "
    "order it in another way."
)
_MOST_NAMED: Final = 50

_STOPPED: Final = (
    "Nothing is lost, and nothing is ordered twice. It is tried again by itself; if no better news "
    "comes, ask whoever looks after Orderdrop."
)


def about_workbook(finished: FinishedWorkbook) -> Message:
    """A dropped workbook that ended or waits; `watch` tells of each of these once."""
    name = finished.name
    if finished.what is What.WAITING:
        body = _paragraphs(finished.sentence, _STOPPED, _of_account(finished.account))
        return Message(f"{name} waits", body, None, Weight.ATTENTION)
    if finished.what is What.REJECTED or finished.figures is None:
        where = f"The workbook lies in {finished.kept}" if finished.kept else ""
        body = _paragraphs(finished.sentence, where, _of_account(finished.account))
        return Message(f"{name} was not worked through", body, None, Weight.ATTENTION)
    orders = finished.figures.orders
    needs = sum(orders[s] for s in NEEDS_PERSON if s is not State.PLACED_BEFORE)
    body = _paragraphs(
        "Open the workbook and see the sheet To do." if finished.what is What.ATTENTION else "",
        _IN_DOUBT if orders[State.IN_DOUBT] else "",
        "What is not finished yet is looked after by itself." if orders[State.OPEN] else "",
        f"The workbook with the answers: {finished.output}",
        f"The workbook that was dropped: {finished.kept}" if finished.kept else "",
        _of_account(finished.account),
    )
    counted = _counted(
        (orders[State.DONE], "done"),
        (orders[State.PREVIEWED], "priced"),
        (orders[State.OPEN], "accepted, not finished yet"),
        (orders[State.PLACED_BEFORE], "ordered before, not sent"),
        (orders[State.IN_DOUBT], "in doubt"),
        (needs, _need(needs)),
    )
    weight = Weight.ATTENTION if finished.what is What.ATTENTION else Weight.DONE
    return Message(f"{name}: {counted or 'no orders'}", body, Path(finished.output), weight)


def about_renewals(renewals: Renewals) -> Message | None:
    """A night over the renewal books; None when it brought nothing that anybody should know."""
    told = [night for night in renewals.nights if _has_news(night)]
    if not told:
        return None
    stopped = any(night.stopped for night in told)
    sentences = [sentence for night in told for sentence in _about_night(night)]
    in_doubt = any(night.subscriptions.get(RenewalState.IN_DOUBT, 0) for night in told)
    body = _paragraphs(
        *sentences,
        _IN_DOUBT if in_doubt else "",
        _STOPPED if stopped else "",
        _of_account(told[0].account),
    )
    outputs = [Path(night.output) for night in told if night.output]
    return Message(
        title=_title_of_nights(told),
        body=body,
        attachment=outputs[0] if len(outputs) == 1 else None,
        weight=Weight.ATTENTION if renewals.exit_code else Weight.DONE,
    )


def about_follow(result: FollowedUp) -> Message | None:
    """Orders that one look has found finished, failed or refused; None when there are none."""
    bad = result.newly_failed + result.newly_refused
    if not result.newly_done + bad:
        return None
    counted = _counted(
        (result.newly_done, "done"),
        (result.newly_failed, "failed later"),
        (result.newly_refused, "refused"),
    )
    body = _paragraphs(
        "Orders that were open or in doubt have an answer now.",
        "See the sheet To do of the workbook for what failed or was refused." if bad else "",
        *(f"Written again: {path}" for path in result.workbooks),
    )
    return Message(
        title=f"Open orders: {counted}",
        body=body,
        attachment=Path(result.workbooks[0]) if len(result.workbooks) == 1 else None,
        weight=Weight.ATTENTION if bad else Weight.DONE,
    )


def about_lasting(result: FollowedUp) -> dict[str, Message]:
    """What every look finds again until somebody does something, by what it is.

    To be told once a day.
    """
    found = {
        "long in doubt": _about_doubts(result.long_in_doubt),
        "stopped": _about_stop("Open orders cannot be looked after", result.stopped),
        "not written": _about_stop("Answers could not be written", *result.not_written),
    }
    return {what: message for what, message in found.items() if message}


def _about_doubts(references: Sequence[str]) -> Message | None:
    if not references:
        return None
    count = len(references)
    more = f" and {count - _MOST_NAMED} more" if count > _MOST_NAMED else ""
    body = _paragraphs(
        f"In doubt for more than a day: {', '.join(references[:_MOST_NAMED])}{more}.",
        _IN_DOUBT,
        "Ask whoever looks after Orderdrop to find out at the marketplace what became of "
        f"{'it' if count == 1 else 'them'}, and to say so with `orderdrop resolve`.",
    )
    title = f"{count} order{'s' if count != 1 else ''} in doubt for more than a day"
    return Message(title, body, None, Weight.ATTENTION)


def _about_stop(title: str, *sentences: str) -> Message | None:
    if not any(sentences):
        return None
    return Message(title, _paragraphs(*sentences, _STOPPED), None, Weight.ATTENTION)


def about_trouble(sentence: str) -> Message:
    """Anything else that unattended work says."""
    return Message("Orderdrop says", sentence, None, Weight.ATTENTION)


def _has_news(night: NightRun) -> bool:
    if night.stopped:
        return True
    counted = night.subscriptions
    quiet = {RenewalState.NOTHING}
    return bool(night.output) and bool(
        night.mistakes or any(n for state, n in counted.items() if state not in quiet)
    )


def _night_counted(counts: Mapping[str, int], mistakes: int) -> str:
    needs = sum(counts.get(state, 0) for state in NIGHT_NEEDS_PERSON) + mistakes
    return _counted(
        (counts.get(RenewalState.RENEWED, 0), "renewed"),
        (counts.get(RenewalState.WOULD_RENEW, 0), "would be renewed"),
        (counts.get(RenewalState.OPEN, 0), "accepted, not finished yet"),
        (counts.get(RenewalState.IN_DOUBT, 0), "in doubt"),
        (needs, _need(needs)),
    )


def _title_of_nights(nights: Sequence[NightRun]) -> str:
    if any(night.stopped for night in nights):
        return "Renewals stopped"
    if len(nights) > 1:
        return f"Renewals, {len(nights)} renewal books, night of {nights[0].night}"
    counted = _night_counted(nights[0].subscriptions, nights[0].mistakes)
    return f"Renewals, night of {nights[0].night}: {counted}"


def _about_night(night: NightRun) -> list[str]:
    counted = _night_counted(night.subscriptions, night.mistakes)
    return [
        f"{night.workbook}, night of {night.night}: {counted or 'nothing'}.",
        "It was a dry run: nothing was ordered. From the next night on it is for real."
        if night.dry_run
        else "",
        night.stopped,
        "Open the workbook of the night and see what is to be done."
        if night.exit_code == 4 and night.output
        else "",
        f"The workbook of the night: {night.output}" if night.output else "",
    ]


def _counted(*figures: tuple[int, str]) -> str:
    return ", ".join(f"{count} {words}" for count, words in figures if count)


def _need(count: int) -> str:
    return "needs you" if count == 1 else "need you"


def _of_account(account: str) -> str:
    return f"Account: {account}" if account != "default" else ""


def _paragraphs(*texts: str) -> str:
    return "\n\n".join(text for text in texts if text)
