TASKS = {"x": "app.f", "y": "app.g"}
