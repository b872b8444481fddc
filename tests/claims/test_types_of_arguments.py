"""What the rules about arguments of web frameworks and numeric libraries claim, asked of kombu."""

from __future__ import annotations

import subprocess
import sys
from typing import Any

import pytest

pytest.importorskip("celery")

from kombu.exceptions import EncodeError
from kombu.serialization import dumps, loads

DJANGO = """
from django.conf import settings
settings.configure(
    INSTALLED_APPS=["django.contrib.auth", "django.contrib.contenttypes"],
    DATABASES={"default": {"ENGINE": "django.db.backends.sqlite3", "NAME": ":memory:"}},
    SECRET_KEY="x",
)
import django
django.setup()
from django import forms
from django.contrib.auth.models import User
from django.contrib.sessions.backends.signed_cookies import SessionStore
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import RequestFactory
from django.utils.functional import SimpleLazyObject
from kombu.exceptions import EncodeError
from kombu.serialization import dumps

class Form(forms.Form):
    name = forms.CharField()

request = RequestFactory().post("/", {"a": SimpleUploadedFile("a", b"x"), "b": "1"})
rows = User.objects.all()
values = dict(
    request=request, META=request.META, headers=request.headers, FILES=request.FILES,
    file=request.FILES["a"], user=SimpleLazyObject(lambda: User(id=1)), session=SessionStore(),
    form=Form(), instance=User(id=1), rows=rows, slice=rows[:3], manager=User.objects,
    values=rows.values("id"), flat=rows.values_list("id", flat=True), POST=request.POST,
    path=request.path,
)
for name, value in values.items():
    try:
        dumps(value, serializer="json")
    except EncodeError:
        print(name)
"""


def test_CEL200_CEL201_CEL202_what_of_django_cannot_be_encoded() -> None:
    pytest.importorskip("django")
    done = subprocess.run([sys.executable, "-c", DJANGO], capture_output=True, text=True)
    refused = set(done.stdout.split())
    assert refused == set(
        """request META headers FILES file user session form instance rows slice manager values
        flat""".split()
    ), done.stderr


def json(value: Any) -> Any:
    """A value as it arrives in a task."""
    content_type, encoding, data = dumps(value, serializer="json")
    return loads(data, content_type, encoding)


def test_CEL205_numpy_cannot_be_encoded() -> None:
    np = pytest.importorskip("numpy")
    for value in (
        *(np.array([1]), np.zeros(2), np.int64(1), np.int32(1), np.uint8(1), np.float32(1)),
        *(np.float16(1), np.bool_(True), np.datetime64("2020-01-01")),
    ):
        with pytest.raises(EncodeError):
            json(value)
    assert json(np.float64(1)) == 1.0 and json(np.str_("a")) == "a"
    assert json(np.array([1]).tolist()) == [1] and json(np.int64(1).item()) == 1


def test_CEL205_pandas_cannot_be_encoded() -> None:
    pd = pytest.importorskip("pandas")
    frame = pd.DataFrame({"a": [1, 2], "b": [1.5, 2.5]})
    for value in (frame, frame["a"], frame.values, frame.columns, frame.index, pd.Timedelta(1)):
        with pytest.raises(EncodeError):
            json(value)
    assert json(frame["b"].sum()) == 4.0
    assert json(frame["a"].tolist()) == [1, 2] and json(frame.shape) == [2, 2]


def test_CEL205_not_a_time_is_the_year_1() -> None:
    pd = pytest.importorskip("pandas")
    assert json(pd.NaT).year == 1
