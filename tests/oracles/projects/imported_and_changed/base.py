LIMIT = 10
LIMIT += 5
LIMIT *= 2
IMPORTS = ["os"]
IMPORTS.append("sys")
IMPORTS += ("re",)
ROUTES = {"app.f": "base"}
SCHEDULE = {"base": {"task": "app.f", "schedule": LIMIT}}
