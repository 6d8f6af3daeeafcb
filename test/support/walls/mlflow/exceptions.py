class MlflowException(Exception):
    """Stands for mlflow.exceptions.MlflowException."""
