class MlflowException(Exception):
    """As mlflow.exceptions.MlflowException."""
