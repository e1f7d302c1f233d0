"""Stands in for the function of the recipe: it counts what it is sent. fleetctl packs it and does not read it."""


def lambda_handler(event, context):
    return {"statusCode": 200}
