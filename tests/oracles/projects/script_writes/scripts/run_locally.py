from proj.app import app, f

app.conf.task_always_eager = True
app.conf.task_time_limit = 500

f.delay()
