from pydantic_settings import BaseSettings


class Settings(BaseSettings):
    broker: str = "memory://"
    queue: str = "pyd"
    limit: int = 9


settings = Settings()
