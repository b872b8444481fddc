"""How many random examples a test tries: few in every run, many with the profile `thorough`.

python -m pytest --hypothesis-profile=thorough tests/project/test_configuration_fuzz.py
"""

from __future__ import annotations

from hypothesis import HealthCheck, settings

THOROUGH = "thorough"
MOST = 100_000


def register() -> None:
    """Makes the profile known; `conftest.py` calls this before one is chosen."""
    settings.register_profile(THOROUGH, max_examples=MOST, deadline=None)


def examples(few: int, thorough: int) -> settings:
    """The settings of a test that tries `few` examples, or `thorough` many."""
    many = settings().max_examples == MOST
    return settings(
        max_examples=thorough if many else few,
        deadline=None,
        suppress_health_check=list(HealthCheck),
        database=None,
    )
