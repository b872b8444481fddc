"""Which functions are connected to which of Celery's signals."""

from __future__ import annotations

from flake8_celery.project.handlers import SignalHandler

from .build import project


def handlers(**texts: str) -> list[tuple[str, str]]:
    found = project({f"{name}.py": text for name, text in texts.items()}).all(SignalHandler)
    return [(handler.signal, handler.function.facts.name or "lambda") for handler in found]


def test_decorators_connect() -> None:
    assert handlers(
        shop="""
        from celery import signals
        from celery.signals import task_failure as failed

        @failed.connect
        def a(**kwargs): ...

        @signals.worker_ready.connect(weak=False)
        def b(**kwargs): ...
        """
    ) == [("task_failure", "a"), ("worker_ready", "b")]


def test_one_function_may_hear_several_signals() -> None:
    assert handlers(
        shop="""
        from celery.signals import task_postrun, task_prerun

        @task_prerun.connect
        @task_postrun.connect
        def a(**kwargs): ...
        """
    ) == [("task_postrun", "a"), ("task_prerun", "a")]


def test_calls_connect_functions_and_lambdas_of_any_module() -> None:
    assert handlers(
        apps="""
        from celery.signals import task_failure, task_success
        from handlers import on_failure

        task_failure.connect(on_failure, sender="t")
        task_success.connect(lambda **kwargs: None, weak=False)
        """,
        handlers="""
        def on_failure(**kwargs): ...
        """,
    ) == [("task_success", "lambda"), ("task_failure", "on_failure")]


def test_a_handler_stands_at_the_function_and_knows_where_it_is_connected() -> None:
    [handler] = project(
        apps="""
        from celery.signals import task_failure
        from handlers import on_failure

        task_failure.connect(on_failure, weak=False)
        """,
        handlers="""
        def on_failure(sender, **kwargs): ...
        """,
    ).all(SignalHandler)
    assert handler.where.shown == "handlers.py:2"
    assert handler.connected.shown == "apps.py:5"
    assert [parameter.name for parameter in handler.parameters] == ["sender", "kwargs"]
    weak = handler.option("weak")
    assert weak is not None and weak[2] is False
    assert handler.option("retry") is None


def test_signals_of_an_app() -> None:
    assert handlers(
        shop="""
        from celery import Celery
        from elsewhere.celery import other

        app = Celery("shop")

        @app.on_after_configure.connect
        def a(sender, **kwargs): ...

        @other.on_after_finalize.connect
        def b(sender, **kwargs): ...

        @button.on_after_configure.connect
        def c(sender, **kwargs): ...
        """
    ) == [("on_after_configure", "a"), ("on_after_finalize", "b")]


def test_djangos_receiver_connects_celerys_signals_too() -> None:
    assert handlers(
        shop="""
        from celery.signals import worker_init, worker_ready
        from django.db.models.signals import post_save
        from django.dispatch import receiver

        @receiver([worker_init, worker_ready])
        def a(**kwargs): ...

        @receiver(post_save)
        def b(**kwargs): ...
        """
    ) == [("worker_init", "a"), ("worker_ready", "a")]


def test_a_decorator_below_makes_it_indirect() -> None:
    direct, wrapped, method = project(
        shop="""
        from celery.signals import worker_ready
        from tools import once

        @worker_ready.connect
        def direct(**kwargs): ...

        @worker_ready.connect
        @once
        def wrapped(**kwargs): ...

        class Handlers:
            @worker_ready.connect
            def method(self, **kwargs): ...
        """
    ).all(SignalHandler)
    assert (direct.direct, wrapped.direct, method.direct) == (True, False, False)


def test_what_is_sent() -> None:
    [known, unknown] = project(
        shop="""
        from celery import signals

        @signals.task_success.connect
        def a(**kwargs): ...

        @signals.task_invented.connect
        def b(**kwargs): ...
        """
    ).all(SignalHandler)
    assert known.sent == frozenset({"result", "runtime"})
    assert unknown.sent is None


def test_other_connections_are_none_of_celerys() -> None:
    assert (
        handlers(
            shop="""
        import celery, socket
        from blinker import signal

        signal("x").connect(print)
        socket.socket().connect(("localhost", 1))

        @signal("y").connect
        def a(): ...
        """
        )
        == []
    )
