from no_such_package.defaults import *

broker_url = "memory://"
