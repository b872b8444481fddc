"""What the rules about Redis, results, worker settings and single values say, against Celery."""

from __future__ import annotations

import subprocess
import sys
import warnings
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

celery = pytest.importorskip("celery", minversion="5.7")
kombu = pytest.importorskip("kombu")


def app(**settings: Any) -> Any:
    return celery.Celery("shop", broker="memory://", set_as_current=False, **settings)


def redis_app(**settings: Any) -> Any:
    pytest.importorskip("redis")
    return app(**settings)


def test_cel314_a_text_is_imported_letter_by_letter() -> None:
    with pytest.raises(ModuleNotFoundError, match="No module named 'q'"):
        app().autodiscover_tasks("q9shop", force=True)
    app().autodiscover_tasks("", force=True)


def test_cel312_a_shared_task_without_an_app_goes_to_the_default_one() -> None:
    code = (
        "from celery import shared_task\n"
        "@shared_task\n"
        "def bill(): pass\n"
        "print(bill.app.main, bill.app.connection_for_write().as_uri())\n"
    )
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert run.stdout.split() == ["default", "amqp://guest:**@localhost:5672//"]


def test_cel312_the_default_app_reads_the_environment() -> None:
    code = (
        "from celery import shared_task\n"
        "@shared_task\n"
        "def bill(): pass\n"
        "print(bill.app.connection_for_write().as_uri())\n"
    )
    environment = {"CELERY_BROKER_URL": "redis://redis:6379/0"}
    run = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, env=environment
    )
    assert run.stdout.strip().endswith("redis:6379/0")


def test_cel333_old_names_still_work() -> None:
    made = app()
    made.config_from_object({"CELERYD_CONCURRENCY": 3})
    assert made.conf.worker_concurrency == 3


@pytest.mark.parametrize("zone", ["europe/berlin", "UTC+3", "PST", "utc", "local"])
def test_cel342_a_time_zone_that_is_not_there(zone: str) -> None:
    pytest.importorskip("tzdata")
    with pytest.raises(KeyError):
        app(timezone=zone).now()


@pytest.mark.parametrize("zone", ["US/Eastern", "Etc/GMT+3", "UTC", ""])
def test_cel342_a_time_zone_that_is_there(zone: str) -> None:
    app(timezone=zone).now()


def test_cel342_the_table_has_all_time_zones() -> None:
    tzdata = pytest.importorskip("tzdata")
    from flake8_celery.celery.timezones import TIMEZONES

    newest = set((Path(tzdata.__file__).parent / "zones").read_text().split())
    # A release of the database may add a few, never many.
    assert len(newest ^ TIMEZONES) < 10
    assert {"Europe/Berlin", "UTC", "US/Eastern"} <= TIMEZONES


def connect_to_redis(**options: Any) -> None:
    pytest.importorskip("redis")
    made = celery.Celery("shop", broker="redis://127.0.0.1:1/0", set_as_current=False)
    made.conf.broker_transport_options = options
    with made.connection_for_write() as connection:
        connection.channel().client.ping()


def test_cel365_texts_as_keepalive_options_raise_type_error() -> None:
    redis = pytest.importorskip("redis")
    with pytest.raises(TypeError):
        connect_to_redis(socket_keepalive=True, socket_keepalive_options={"TCP_KEEPIDLE": 60})
    # Nothing listens there: what is left is the refused connection.
    with pytest.raises((redis.exceptions.ConnectionError, kombu.exceptions.OperationalError)):
        connect_to_redis(socket_keepalive_options={"TCP_KEEPIDLE": 60})


@pytest.mark.parametrize(
    "settings",
    [
        {"backend": "rediss://redis/0"},
        {"backend": "rediss://redis/0?ssl_ca_certs=/ca.pem"},
        {"backend": "rediss://redis/0?ssl_cert_reqs=yes"},
        {"backend": "rediss://redis/0", "broker_use_ssl": {"ssl_cert_reqs": "required"}},
        {"backend": "rediss://redis/0", "redis_backend_use_ssl": {"ssl_ca_certs": "/ca.pem"}},
        {"backend": "redis://redis/0?ssl_cert_reqs=required"},
    ],
)
def test_cel374_a_backend_whose_options_do_not_fit_raises(settings: dict[str, Any]) -> None:
    made = redis_app(**settings)
    with pytest.raises(ValueError, match=r"SSL|ssl_cert_reqs"):
        _ = made.backend


@pytest.mark.parametrize(
    "settings",
    [
        {"backend": "rediss://redis/0?ssl_cert_reqs=CERT_REQUIRED"},
        {"backend": "rediss://redis/0", "redis_backend_use_ssl": {"ssl_cert_reqs": "none"}},
        {"backend": "redis://redis/0", "redis_backend_use_ssl": {"ssl_cert_reqs": "none"}},
    ],
)
def test_cel374_a_backend_whose_options_fit(settings: dict[str, Any]) -> None:
    assert redis_app(**settings).backend


def test_cel379_a_task_runs_where_it_is_sent() -> None:
    made = app(task_always_eager=True)

    def one() -> int:
        return 1

    assert type(made.task(one, shared=False).delay()).__name__ == "EagerResult"


def test_cel444_celery_warns_of_green_pools_in_the_configuration() -> None:
    from types import SimpleNamespace

    components = pytest.importorskip("celery.worker.components")
    worker = SimpleNamespace(app=app(worker_pool="gevent"), use_eventloop=False)
    pool: Any = object.__new__(components.Pool)
    with warnings.catch_warnings(record=True) as caught, pytest.raises(AttributeError):
        warnings.simplefilter("always")
        pool.create(worker)
    assert any("worker_pool setting shouldn't be used" in str(w.message) for w in caught)


def test_cel448_a_child_compares_its_size_in_kibibytes() -> None:
    pool = pytest.importorskip("billiard.pool")
    resource = pytest.importorskip("resource")
    if not sys.platform.startswith("linux"):
        pytest.skip("other systems count differently")
    assert pool.mem_rss() == resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    assert pool.mem_rss() > 20_000


@pytest.mark.parametrize("expires", [0, False, timedelta(0)])
def test_cel171_redis_keeps_results_without_an_expiry(expires: Any) -> None:
    assert not redis_app(backend="redis://redis", result_expires=expires).backend.expires


def test_cel171_none_counts_only_where_it_is_written_to_the_configuration() -> None:
    made = redis_app(backend="redis://redis", result_expires=None)
    assert made.backend.expires == 86400
    made = redis_app(backend="redis://redis")
    made.conf.result_expires = None
    assert made.backend.expires is None


@pytest.mark.parametrize("name", ["s3", "azureblockblob", "elasticsearch", "couchdb"])
def test_cel171_backends_that_have_nothing_to_delete_with(name: str) -> None:
    base = pytest.importorskip("celery.backends.base").Backend
    module, _, cls = pytest.importorskip("celery.app.backends").BACKEND_ALIASES[name].partition(":")
    backend = getattr(pytest.importorskip(module), cls)
    assert backend.cleanup is base.cleanup
    assert not backend.supports_autoexpire


def test_cel173_results_stay_one_day() -> None:
    assert redis_app(backend="redis://redis").backend.expires == 86400


def test_cel175_redis_does_not_read_the_options_of_its_connection() -> None:
    options = {"socket_timeout": 5, "health_check_interval": 3, "max_connections": 7}
    made = redis_app(backend="redis://redis", result_backend_transport_options=options)
    assert made.backend.connparams["socket_timeout"] == 120.0
    assert made.backend.connparams["max_connections"] is None
    assert "health_check_interval" not in made.backend.connparams
    made = redis_app(backend="redis://redis", redis_socket_timeout=5, redis_max_connections=7)
    assert made.backend.connparams["socket_timeout"] == 5
    assert made.backend.connparams["max_connections"] == 7


def test_cel450_and_cel451_nothing_is_set_by_itself() -> None:
    conf = app().conf
    assert conf.worker_max_tasks_per_child is None
    assert conf.worker_max_memory_per_child is None
    assert conf.worker_concurrency is None


def test_cel702_rabbitmq_without_a_user_is_asked_as_guest() -> None:
    with kombu.Connection("amqp://mq.shop.io//") as connection:
        assert connection.as_uri(include_password=True) == "amqp://guest:guest@mq.shop.io:5672//"
