import com.amazonaws.services.dynamodbv2.local.main.ServerRunner;
import com.amazonaws.services.dynamodbv2.local.server.DynamoDBProxyServer;
import java.lang.reflect.Field;
import org.eclipse.jetty.server.Connector;
import org.eclipse.jetty.server.Server;
import org.eclipse.jetty.server.ServerConnector;

/**
 * DynamoDB Local on 127.0.0.1 alone.
 *
 * By itself it listens on every interface and has no option for it: so its server is told here,
 * before it starts. It ends when its standard input does, which is when whoever started it is gone.
 */
public final class Loopback {
    public static void main(String[] arguments) throws Exception {
        DynamoDBProxyServer local = ServerRunner.createServerFromCommandLineArgs(arguments);
        Field hidden = DynamoDBProxyServer.class.getDeclaredField("server");
        hidden.setAccessible(true);
        for (Connector connector : ((Server) hidden.get(local)).getConnectors()) {
            ((ServerConnector) connector).setHost("127.0.0.1");
        }
        local.start();
        System.out.println("started");
        while (System.in.read() >= 0) {
            // Nothing is ever said: only the end counts.
        }
        System.exit(0);
    }
}
