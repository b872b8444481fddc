result_expires = 7
from one import *
