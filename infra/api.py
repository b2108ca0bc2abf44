"""
The API as API Gateway serves it: limits, logs, and refusals in the form of the application's own.

API Gateway refuses some requests before they reach a function.  Those answers are problem documents
too, with the codes of the application, so that a client has one way to read a refusal.
"""

from __future__ import annotations

import json
from typing import Any, Final

from app import app
from chalicelib.routes.http.problems import CODES
from infra.exceptions import excused
from infra.references import imported
from infra.refusal_headers import refusal_headers

Resource = dict[str, Any]

#: The one stage of the deployed API, which is the first part of every path.
API_STAGE: Final = "api"

_LOG_RETENTION_DAYS: Final = 400

#: API Gateway's reasons to refuse, each with the status and the code that the answer has.
REFUSALS: Final = {
    "DEFAULT_4XX": (400, "bad_request"),
    "DEFAULT_5XX": (500, "internal_error"),
    "BAD_REQUEST_BODY": (400, "bad_request"),
    "BAD_REQUEST_PARAMETERS": (400, "bad_request"),
    # Of a path that it does not know it says that a token is missing; of a method likewise.
    "MISSING_AUTHENTICATION_TOKEN": (404, "not_found"),
    "RESOURCE_NOT_FOUND": (404, "not_found"),
    # What looks like AWS's own signature in Authorization, and is none.
    "INVALID_SIGNATURE": (401, "credential_invalid"),
    "UNAUTHORIZED": (401, "credential_missing"),
    "ACCESS_DENIED": (403, "forbidden"),
    "WAF_FILTERED": (403, "forbidden"),
    "REQUEST_TOO_LARGE": (413, "body_too_large"),
    "UNSUPPORTED_MEDIA_TYPE": (415, "unsupported_media_type"),
    "THROTTLED": (429, "too_many_requests"),
    "QUOTA_EXCEEDED": (429, "too_many_requests"),
    "INTEGRATION_FAILURE": (503, "unavailable"),
    "INTEGRATION_TIMEOUT": (503, "unavailable"),
}
# The methods that a path does not have: the application refuses them with 405 and what it allows,
# where API Gateway would say 403.
_ANY: Final = "x-amazon-apigateway-any-method"
_TO_THE_FUNCTION: Final = {
    "responses": {"405": {"description": "Method not allowed"}},
    "x-amazon-apigateway-integration": {
        "type": "aws_proxy",
        "httpMethod": "POST",
        "uri": {
            "Fn::Sub": "arn:${AWS::Partition}:apigateway:${AWS::Region}:lambda:path"
            "/2015-03-31/functions/${APIHandler.Arn}/invocations"
        },
    },
}
_COMES_AGAIN: Final = frozenset({429, 503})

# Who called, from where and with what is in no field: addresses are personal data, and paths hold
# ids of members only where the route has them, so that the route is logged instead.
_ACCESS_LOG: Final = {
    "time": "$context.requestTime",
    "request_id": "$context.requestId",
    "correlation_id": "$context.extendedRequestId",
    "method": "$context.httpMethod",
    "route": "$context.resourcePath",
    "status": "$context.status",
    "refused_by_gateway": "$context.error.responseType",
    "bytes": "$context.responseLength",
    "latency_ms": "$context.responseLatency",
    "function_ms": "$context.integrationLatency",
    "trace": "$context.xrayTraceId",
}


def api_name(stage: str) -> str:
    """Return the API's name, under which AWS counts its requests."""
    return f"tessera-{stage}"


def resources(stage: str, origin: str) -> Resource:
    """Return what is laid over the API, and stands beside it; pages of ``origin`` may call it."""
    return {
        "RestAPI": {
            "Metadata": excused(
                CKV_AWS_120="Answers are about persons: nothing on the way may keep them."
            ),
            "Properties": {
                "EndpointConfiguration": {"Type": "REGIONAL"},
                "TracingEnabled": True,
                "AccessLogSetting": {
                    "DestinationArn": {"Fn::GetAtt": ["AccessLog", "Arn"]},
                    "Format": json.dumps(_ACCESS_LOG),
                },
                "MethodSettings": [
                    {
                        "ResourcePath": "/*",
                        "HttpMethod": "*",
                        "ThrottlingRateLimit": {"Ref": "ThrottleRate"},
                        "ThrottlingBurstLimit": {"Ref": "ThrottleBurst"},
                        "MetricsEnabled": True,
                        "LoggingLevel": "ERROR",
                        # Bodies and headers are never logged.
                        "DataTraceEnabled": False,
                    }
                ],
                "DefinitionBody": {
                    "info": {"title": api_name(stage)},
                    "paths": {path: {_ANY: _TO_THE_FUNCTION} for path in app.routes},
                    "x-amazon-apigateway-gateway-responses": {
                        reason: _refusal(status, code, origin)
                        for reason, (status, code) in REFUSALS.items()
                    },
                },
            },
        },
        "AccessLog": {
            "Type": "AWS::Logs::LogGroup",
            "DeletionPolicy": "Retain",
            "UpdateReplacePolicy": "Retain",
            "Properties": {
                "RetentionInDays": _LOG_RETENTION_DAYS,
                "KmsKeyId": imported("DataKey"),
            },
        },
        "UsagePlan": {
            "Type": "AWS::ApiGateway::UsagePlan",
            "Properties": {
                "Description": "For callers with an API Gateway key of their own.",
                "ApiStages": [
                    {"ApiId": {"Ref": "RestAPI"}, "Stage": {"Ref": "RestAPI.Stage"}},
                ],
                "Throttle": {
                    "RateLimit": {"Ref": "ThrottleRate"},
                    "BurstLimit": {"Ref": "ThrottleBurst"},
                },
            },
        },
    }


def _refusal(status: int, code: str, origin: str) -> Resource:
    document = {
        "type": f"/problems/{code}",
        "title": CODES[code].title,
        "status": status,
        "code": code,
        "instance": "urn:tessera:request:$context.requestId",
    }
    headers = refusal_headers(origin)
    if status in _COMES_AGAIN:
        headers["Retry-After"] = "1"
    return {
        "statusCode": str(status),
        "responseParameters": {
            f"gatewayresponse.header.{name}": f"'{value}'" for name, value in headers.items()
        },
        "responseTemplates": {"application/json": json.dumps(document)},
    }
