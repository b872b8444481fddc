def is_truthy(arg):
    if isinstance(arg, bool):
        return arg
    val = str(arg).lower()
    if val in ("yes", "true"):
        return True
    elif val in ("no", "false"):
        return False
    raise ValueError(arg)
