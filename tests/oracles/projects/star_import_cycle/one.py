task_time_limit = 3
from two import *

task_soft_time_limit = 1
