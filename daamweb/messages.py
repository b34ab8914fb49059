"""What messages between the site and its workers look like. Celery takes for granted that they are sound, and
a worker ends by one that is not."""

from base64 import b64decode
from datetime import datetime
from typing import Any

from kombu.utils.json import loads

TEXT, NUMBER, NOTHING = str, int, type(None)
# Of Celery's protocol 2. What is not listed is not looked at by anybody.
OF_A_TASK: dict[str, tuple[type, ...]] = {
    "task": (TEXT,),
    "id": (TEXT,),
    "lang": (TEXT,),
    "root_id": (TEXT, NOTHING),
    "parent_id": (TEXT, NOTHING),
    "group": (TEXT, NOTHING),
    "group_index": (NUMBER, NOTHING),
    "shadow": (TEXT, NOTHING),
    "eta": (TEXT, NOTHING),
    "expires": (TEXT, NOTHING),
    "retries": (NUMBER,),
    "timelimit": (list,),
    "argsrepr": (TEXT,),
    "kwargsrepr": (TEXT,),
    "origin": (TEXT,),
    "ignore_result": (bool, NOTHING),
    "replaced_task_nesting": (NUMBER,),
    "stamped_headers": (list, NOTHING),
    "stamps": (dict, NOTHING),
}
ALWAYS = ("id", "timelimit", "retries")
LONGEST = 10**9  # seconds; clocks and timers bear so much
# Of what is told to a worker, and of what it answers.
OF_A_CONTROL: dict[str, tuple[type, ...]] = {
    "clock": (NUMBER,),
    "expires": (NUMBER, float, NOTHING),
    "ticket": (TEXT, NOTHING),
}


class DamagedError(ValueError):
    """What lies there is no message."""


def read_message(content: bytes) -> dict[str, Any]:
    """A message as kombu's transports take it: body, headers, properties. Raises DamagedError."""
    message = _object(_json(content, "the message"), "the message")
    headers = _object(message.get("headers"), "headers")
    properties = _object(message.get("properties"), "properties")
    _check(isinstance(properties.get("delivery_tag"), str), "properties: delivery_tag")
    _check(properties.get("body_encoding") == "base64", "properties: body_encoding")
    _check_delivery(properties.get("delivery_info"))
    _check(message.get("content-type") == "application/json", "content-type")
    _check(message.get("content-encoding") == "utf-8", "content-encoding")
    body = _body(message.get("body"))
    if "task" in headers:
        _check_task(headers, body)
    else:
        _check_control(headers, body)
    return message


def ends(message: dict[str, Any]) -> float:
    """When nobody wants it any more, in seconds since 1970; 0 for never. Tasks say a date, control messages
    seconds."""
    expires = message["headers"].get("expires")
    if isinstance(expires, str):
        return _time(expires, "headers: expires")
    return expires if isinstance(expires, int | float) else 0


def _check_delivery(info: Any) -> None:
    found = _object(info, "properties: delivery_info")
    for name in ("exchange", "routing_key"):
        _check(isinstance(found.get(name), str), f"properties: delivery_info: {name}")


def _check_task(headers: dict[str, Any], body: Any) -> None:
    for name in ALWAYS:
        _check(name in headers, f"headers: {name}")
    _check_types(headers, OF_A_TASK)
    for name in ("eta", "expires"):
        if headers.get(name) is not None:
            _time(headers[name], f"headers: {name}")
    limits = headers["timelimit"]
    _check(len(limits) == 2 and all(map(_is_limit, limits)), "headers: timelimit")
    _check(_are_texts(headers.get("stamped_headers") or []), "headers: stamped_headers")
    stamps = (headers.get("stamps") or {}).values()
    _check(all(_are_texts(each if isinstance(each, list) else [each]) for each in stamps), "headers: stamps")
    _check(isinstance(body, list) and [type(part) for part in body] == [list, dict, dict], "body")


def _check_control(headers: dict[str, Any], body: Any) -> None:
    """A task that stands in the body, as in Celery's protocol 1, would be run past all that is checked."""
    _check_types(headers, OF_A_CONTROL)
    _check(isinstance(body, dict), "body: a control message is an object")
    _check("task" not in body, "body: a task without headers")


def _check_types(headers: dict[str, Any], known: dict[str, tuple[type, ...]]) -> None:
    for name, types in known.items():
        if name in headers:
            value = headers[name]
            # To Python, True is a number.
            is_sound = isinstance(value, types) and (bool in types or not isinstance(value, bool))
            _check(is_sound, f"headers: {name}")


def _is_limit(seconds: Any) -> bool:
    """JSON, as Python reads it, has numbers that no clock bears: NaN and infinity."""
    return seconds is None or (type(seconds) in (int, float) and 0 <= seconds < LONGEST)


def _are_texts(values: list[Any]) -> bool:
    return all(isinstance(value, str) for value in values)


def _body(text: Any) -> Any:
    _check(isinstance(text, str), "body")
    try:
        content = b64decode(text, validate=True)
    except ValueError as error:
        raise DamagedError(f"body: {error}") from error
    return _json(content, "body")


def _json(content: bytes, what: str) -> Any:
    try:
        return loads(content.decode())  # type: ignore[no-untyped-call]
    except (ValueError, TypeError, RecursionError) as error:  # a type that kombu knows, of something else
        raise DamagedError(f"{what}: {error}") from error


def _time(text: str, what: str) -> float:
    try:
        return datetime.fromisoformat(text).timestamp()
    except (ValueError, OverflowError) as error:
        raise DamagedError(f"{what}: {error}") from error


def _object(value: Any, what: str) -> dict[str, Any]:
    if not isinstance(value, dict):
        raise DamagedError(f"{what}: no object")
    return value


def _check(is_sound: bool, what: str) -> None:
    if not is_sound:
        raise DamagedError(what)
