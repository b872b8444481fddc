from .celery_settings import *
from .common import *
