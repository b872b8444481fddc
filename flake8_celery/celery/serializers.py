"""The serializers of kombu and what each of them can encode.

Facts: `kombu/serialization.py`, `kombu/utils/json.py`, `celery/security/serialization.py`.
"""

#: Name -> content type. `auth` is there after `app.setup_security()` only.
CONTENT_TYPES: dict[str, str] = {
    "auth": "application/data",
    "json": "application/json",
    "msgpack": "application/x-msgpack",
    "pickle": "application/x-python-serialize",
    "yaml": "application/x-yaml",
}

_NAMES = {content_type: name for name, content_type in CONTENT_TYPES.items()}

#: Serializers, by either of their names, whose decoder runs code of the sender's choice.
INSECURE = frozenset({"pickle", CONTENT_TYPES["pickle"]})

#: Type name -> whether json, yaml, msgpack and pickle encode it: yes, no, or depending on what the
#: value is made of. `exception`, `dataclass` and the enums stand for an instance of such a class
#: without a `__json__` method; `int_keys` and the like for a dict with keys of that type; `file`
#: for an open file; the names of Django for instances of its classes.
_ENCODABLE: dict[str, str] = {
    "Ellipsis": "nnny",
    "NoneType": "yyyy",
    "bool": "yyyy",
    "bytearray": "nnyy",
    "bytes": "yyyy",
    "bytes_keys": "nyyy",
    "collections.ChainMap": "nnn?",
    "collections.Counter": "ynyy",
    "collections.OrderedDict": "yn??",
    "collections.defaultdict": "?n??",
    "collections.deque": "nnn?",
    "complex": "nnny",
    "coroutine": "nnnn",
    "dataclass": "nnn?",
    "datetime.date": "yyny",
    "datetime.datetime": "yyny",
    "datetime.time": "ynny",
    "datetime.timedelta": "nnny",
    "datetime.timezone": "nnny",
    "date_keys": "nyny",
    "decimal.Decimal": "ynny",
    "dict": "????",
    "dict_items": "nnnn",
    "dict_keys": "nnnn",
    "dict_values": "nnnn",
    "django.Model": "nnn?",
    "django.QuerySet": "nnn?",
    "django.UploadedFile": "nnn?",
    "django.http.HttpRequest": "nnn?",
    "django.http.QueryDict": "ynyy",
    "django.lazy": "ynn?",
    "enum.Enum": "nnn?",
    "enum.Flag": "nnn?",
    "enum.IntEnum": "yny?",
    "enum.StrEnum": "yny?",
    "enumerate": "nnn?",
    "exception": "nnn?",
    "file": "nnnn",
    "filter": "nnn?",
    "float": "yyyy",
    "float_keys": "yyyy",
    "fractions.Fraction": "nnny",
    "frozenset": "nnn?",
    "function": "nnn?",
    "generator": "nnnn",
    "int": "yy?y",
    "int_keys": "yyyy",
    "io.BytesIO": "nnny",
    "io.StringIO": "nnny",
    "ipaddress.IPv4Address": "nnny",
    "ipaddress.IPv6Address": "nnny",
    "lambda": "nnnn",
    "list": "????",
    "map": "nnn?",
    "memoryview": "nnyn",
    "module": "nnnn",
    "namedtuple": "?n??",
    "none_keys": "yyyy",
    "object": "????",
    "pathlib.Path": "nnny",
    "range": "nnny",
    "re.Match": "nnnn",
    "re.Pattern": "nnny",
    "reversed": "nnn?",
    "set": "n?n?",
    "slice": "nnn?",
    "str": "yyyy",
    "str_enum": "yny?",
    "threading.Lock": "nnnn",
    "tuple": "????",
    "tuple_keys": "nyyy",
    "type": "nnn?",
    "types.MappingProxyType": "nnnn",
    "types.SimpleNamespace": "nnn?",
    "uuid.UUID": "ynny",
    "zip": "nnn?",
    "zoneinfo.ZoneInfo": "nnny",
}

_COLUMNS = {"json": 0, "yaml": 1, "msgpack": 2, "pickle": 3}
_ANSWERS = {"y": True, "n": False, "?": None}

#: The type names that `encodable` knows.
TYPE_NAMES = frozenset(_ENCODABLE)


def normalise(name: str) -> str:
    """The short name of a serializer given by name or content type; unknown ones unchanged."""
    return _NAMES.get(name, name)


def encodable(serializer: str, type_name: str) -> bool | None:
    """Whether a value of this type can be encoded, None where that is not known.

    Speaks of the value itself: a list is unknown, since it depends on its items. What is encoded
    may come back as something else (a tuple as a list).
    """
    column = _COLUMNS.get(normalise(serializer))
    row = _ENCODABLE.get(type_name)
    return None if column is None or row is None else _ANSWERS[row[column]]
