from app import app


@app.task(name="twice.go", queue="second")
def second(a, b):
    return a
