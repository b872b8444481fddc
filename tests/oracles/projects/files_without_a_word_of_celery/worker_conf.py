import work
from main import app

app.conf.result_expires = 60
