BROKER = "memory://"


def queue_for(name):
    return "q"
